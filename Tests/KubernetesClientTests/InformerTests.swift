import Testing

@testable import KubernetesClient

/// Lists and watches from memory: each call takes the next answer of the script, and waits when there is none.
private final class ScriptedSource: ListWatch {
  struct Events: AsyncSequence {
    typealias Element = WatchEvent
    typealias Failure = KubernetesError
    let stream: AsyncStream<Result<WatchEvent, KubernetesError>>

    struct AsyncIterator: AsyncIteratorProtocol {
      var results: AsyncStream<Result<WatchEvent, KubernetesError>>.AsyncIterator

      mutating func next() async throws(KubernetesError) -> WatchEvent? { try await next(isolation: #isolation) }
      mutating func next(isolation actor: isolated (any Actor)?) async throws(KubernetesError) -> WatchEvent? {
        try await results.next(isolation: actor)?.get()
      }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(results: stream.makeAsyncIterator()) }
  }

  let lists: Shared<[Result<ObjectList, KubernetesError>]>
  let watchedFrom = Shared<[String]>([])
  /// The events of the watches, one stream each.
  let watches: Shared<[AsyncStream<Result<WatchEvent, KubernetesError>>]>

  init(
    lists: [Result<ObjectList, KubernetesError>], watches: [AsyncStream<Result<WatchEvent, KubernetesError>>]
  ) {
    self.lists = Shared(lists)
    self.watches = Shared(watches)
  }

  func list() async throws(KubernetesError) -> ObjectList {
    guard let next = lists.update({ $0.isEmpty ? nil : $0.removeFirst() }) else {
      await Signal().wait()
      throw .transport("cancelled")
    }
    return try next.get()
  }

  func watch(from resourceVersion: String) async throws(KubernetesError) -> Events {
    watchedFrom.update { $0.append(resourceVersion) }
    let next = watches.update { $0.isEmpty ? nil : $0.removeFirst() }
    return Events(stream: next ?? AsyncStream { _ in })
  }
}

@Suite("Informer", .timeLimit(.minutes(1)))
struct InformerTests {
  private func stream(
    _ events: Result<WatchEvent, KubernetesError>...
  ) -> AsyncStream<Result<WatchEvent, KubernetesError>> {
    AsyncStream { continuation in
      for event in events { continuation.yield(event) }
    }
  }

  @Test("list, watch, relist after 410: the store and the notifications follow, deletions too")
  func follows() async throws {
    let source = ScriptedSource(
      lists: [
        .success(ObjectList(items: [object("a", version: 1), object("b", version: 2)], resourceVersion: "5")),
        .success(ObjectList(items: [object("c", version: 7)], resourceVersion: "20")),
      ],
      watches: [
        stream(
          .success(.modified(object("a", version: 6))), .success(.added(object("c", version: 7))),
          .success(.deleted(object("b", version: 8))), .success(.error(status(410, "Expired"))))
      ])
    let changes = Shared<[String]>([])
    let informer = Informer(.pod, from: source, logger: quiet) { change in
      let verb = change.old == nil ? "+" : change.new == nil ? "-" : "~"
      changes.update { $0.append("\(verb)\(change.key.name)") }
    }
    #expect(!informer.isSynced)
    async let _: Void = informer.run()
    try await informer.waitUntilSynced()
    try await eventually("the relist is through") { source.watchedFrom.value == ["5", "20"] }
    #expect(Set(changes.value.prefix(2)) == ["+a", "+b"])
    #expect(changes.value.dropFirst(2) == ["~a", "+c", "-b", "-a"])
    #expect(informer.store.keys == [key("c")])
  }

  @Test("a broken watch goes on from the last version, and the store stays")
  func resumes() async throws {
    let source = ScriptedSource(
      lists: [.success(ObjectList(items: [object("a", version: 1)], resourceVersion: "5"))],
      watches: [stream(.success(.bookmark(resourceVersion: "9")), .failure(.transport("reset")))])
    let informer = Informer(.pod, from: source, logger: quiet) { _ in }
    async let _: Void = informer.run()
    try await eventually("the watch is opened again") { source.watchedFrom.value == ["5", "9"] }
    #expect(informer.store.count == 1)
  }

  @Test("waiting for the first list ends with the task")
  func cancelledWait() async {
    let informer = Informer(.pod, from: ScriptedSource(lists: [], watches: []), logger: quiet) { _ in }
    let wait = Task { try await informer.waitUntilSynced() }
    wait.cancel()
    await #expect(throws: CancellationError.self) { try await wait.value }
  }
}
