import KubernetesClient
import Testing

@Suite("Watch", .timeLimit(.minutes(1)))
struct WatchTests {
  private static let stream =
    [
      #"{"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"ä","resourceVersion":"11","managedFields":[{}]}}}"#,
      #"{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"12"}}}"#,
      #"{"type":"DELETED","object":{"kind":"Pod","metadata":{"name":"ä","resourceVersion":"13"}}}"#,
      #"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}"#,
    ].joined(separator: "\n") + "\n"

  private func events(_ client: RESTClient) async throws -> [WatchEvent] {
    var events: [WatchEvent] = []
    let watch = try await client.watch(.pod, namespace: "ns", labelSelector: "a=b", resourceVersion: "10")
    for try await event in watch { events.append(event) }
    return events
  }

  @Test("events come out whole from chunks of any size, without managedFields", arguments: [1, 2, 7, 100, 10_000])
  func chunks(size: Int) async throws {
    let characters = Array(Self.stream)
    let chunks = stride(from: 0, to: characters.count, by: size).map {
      String(characters[$0..<min($0 + size, characters.count)])
    }
    try await withServer(Answers { _ in .init(chunks: chunks) }) { client, server in
      let events = try await events(client)
      let pod = { (version: String) in
        KubernetesObject(["kind": "Pod", "metadata": ["name": "ä", "resourceVersion": .string(version)]])
      }
      #expect(
        events == [
          .added(pod("11")), .bookmark(resourceVersion: "12"), .deleted(pod("13")),
          .error(APIStatus(code: 410, reason: "Expired", message: "too old")),
        ])
      let request = try #require(server.requests.first)
      #expect(request.path == "/api/v1/namespaces/ns/pods")
      #expect(request.query["watch"] == "true")
      #expect(request.query["allowWatchBookmarks"] == "true")
      #expect(request.query["resourceVersion"] == "10")
      #expect(request.query["labelSelector"] == "a=b")
      #expect((261...290).contains(Int(request.query["timeoutSeconds"] ?? "") ?? 0))
    }
  }

  @Test("a refusal is thrown with its status before any event", arguments: [410, 403, 504, 429])
  func refused(code: Int) async throws {
    try await withServer(Answers { _ in .failure(code, "Refused", headers: [("Retry-After", "3")]) }) { client, _ in
      let error = await #expect(throws: KubernetesError.self) { try await self.events(client) }
      #expect(error?.code == code)
      #expect(error?.retryAfter == .seconds(3))
    }
  }

  @Test("a connection that falls silent is given up after the idle time-out and closed")
  func idle() async throws {
    var options = RESTClient.Options.defaults
    options.watchIdleTimeout = .milliseconds(100)
    try await withServer(options: options, Answers { _ in .init(chunks: [Self.stream], ending: .hang) }) {
      client, server in
      let error = await #expect(throws: KubernetesError.self) { try await self.events(client) }
      #expect(error?.isTransport == true, "\(String(describing: error))")
      try await eventually("the connection is closed") { server.openConnections == 0 }
    }
  }

  @Test("a connection that breaks in the middle of an event is a transport error", arguments: [Ending.cut, .complete])
  func broken(ending: Ending) async throws {
    try await withServer(Answers { _ in .init(chunks: [#"{"type":"ADDED","#], ending: ending) }) { client, _ in
      let error = await #expect(throws: KubernetesError.self) { try await self.events(client) }
      #expect(error?.isTransport == true, "\(String(describing: error))")
    }
  }

  typealias Ending = FakeAPIServer.Reply.Ending

  @Test("an event beyond the limit ends the watch instead of filling the memory")
  func tooLong() async throws {
    var options = RESTClient.Options.defaults
    options.maximumEventBytes = 1_000
    let chunks = Array(repeating: String(repeating: "x", count: 100), count: 20)
    try await withServer(options: options, Answers { _ in .init(chunks: chunks, ending: .hang) }) { client, server in
      let error = await #expect(throws: KubernetesError.self) { try await self.events(client) }
      #expect(error?.isMalformed == true, "\(String(describing: error))")
      try await eventually("the connection is closed") { server.openConnections == 0 }
    }
  }

  @Test("cancelling the task ends the watch and closes its connection")
  func cancellation() async throws {
    try await withServer(Answers { _ in .init(chunks: [Self.stream], ending: .hang) }) { client, server in
      let seen = Shared(0)
      let task = Task {
        for try await _ in try await client.watch(.pod, namespace: nil, labelSelector: nil, resourceVersion: "1") {
          seen.update { $0 += 1 }
        }
      }
      try await eventually("the events are read") { seen.value == 4 }
      #expect(server.openConnections == 1)
      task.cancel()
      try await eventually("the connection is closed") { server.openConnections == 0 }
      _ = await task.result
    }
  }

  @Test("many watches leave room for short requests")
  func starvation() async throws {
    try await withServer(
      Answers { request in
        request.query["watch"] == nil ? .json("{}") : .init(ending: .hang)
      }
    ) { client, server in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<50 { group.addTask { _ = try await self.events(client) } }
        try await eventually("all watches are open") { server.requests.count == 50 }
        #expect(try await client.get(.pod, key("p")) != nil)
        group.cancelAll()
        while let result = await group.nextResult() { _ = result }
      }
    }
  }

  @Test("an informer follows a real socket through 410 by status and a relist")
  func informer() async throws {
    let lists = Shared(0)
    try await withServer(
      Answers { request in
        if request.query["sendInitialEvents"] != nil { return .failure(422, "Invalid") }
        if request.query["watch"] == nil {
          let number = lists.update { count in
            count += 1
            return count
          }
          return .json(
            #"{"metadata":{"resourceVersion":"\#(number)0"},"items":[{"metadata":{"name":"p\#(number)","resourceVersion":"1"}}]}"#
          )
        }
        return request.query["resourceVersion"] == "10" ? .failure(410, "Expired") : .init(ending: .hang)
      }
    ) { client, _ in
      let informer = Informer(.pod, from: client.listWatch(.pod, namespace: nil), logger: quiet) { _ in }
      let run = Task { await informer.run() }
      try await eventually("the second list replaced the first") { informer.store.keys.map(\.name) == ["p2"] }
      run.cancel()
      await run.value
    }
  }
}
