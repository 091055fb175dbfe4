import Testing

@testable import KubernetesClient

@Suite("Streamed lists", .timeLimit(.minutes(1)))
struct StreamedListTests {
  private static func event(_ type: String, _ name: String, _ version: Int) -> String {
    #"{"type":"\#(type)","object":{"kind":"Pod","metadata":{"namespace":"default","name":"\#(name)","#
      + #""uid":"uid-\#(name)","resourceVersion":"\#(version)"}}}"# + "\n"
  }

  private static func end(_ version: Int) -> String {
    #"{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"\#(version)","#
      + #""annotations":{"k8s.io/initial-events-end":"true"}}}}"# + "\n"
  }

  private func withInformer(_ answers: Answers, _ body: (Informer, FakeAPIServer) async throws -> Void) async throws {
    try await withServer(answers) { client, server in
      let informer = Informer(.pod, from: client.listWatch(.pod, namespace: nil), logger: quiet) { _ in }
      let run = Task { await informer.run() }
      try await body(informer, server)
      run.cancel()
      await run.value
    }
  }

  @Test("one watch gives the list, whole at once, and then the changes")
  func streams() async throws {
    try await withInformer(
      Answers { _ in
        .init(
          chunks: [
            Self.event("ADDED", "a", 3), Self.event("ADDED", "b", 4), Self.event("MODIFIED", "a", 8),
            Self.event("DELETED", "b", 9), Self.end(10), Self.event("ADDED", "c", 11),
          ], ending: .hang)
      }
    ) { informer, server in
      try await informer.waitUntilSynced()
      #expect(informer.store[key("a")]?.resourceVersion == "8")
      #expect(informer.store[key("b")] == nil)
      try await eventually("the change after the list is seen") { informer.store[key("c")] != nil }
      #expect(server.requests.count == 1)
      let query = server.requests.first?.query ?? [:]
      #expect(query["watch"] == "true")
      #expect(query["sendInitialEvents"] == "true")
      #expect(query["resourceVersionMatch"] == "NotOlderThan")
      #expect(query["allowWatchBookmarks"] == "true")
      #expect(query["resourceVersion"] == nil)
    }
  }

  @Test("a server that refuses is asked for plain lists from then on")
  func refused() async throws {
    let lists = Shared(0)
    try await withInformer(
      Answers { request in
        if request.query["sendInitialEvents"] != nil { return .failure(422, "Invalid") }
        if request.query["watch"] != nil {
          return request.query["resourceVersion"] == "1" ? .failure(410, "Expired") : .init(ending: .hang)
        }
        let number = lists.update { lists in
          lists += 1
          return lists
        }
        return .json(#"{"metadata":{"resourceVersion":"\#(number)"},"items":[]}"#)
      }
    ) { informer, server in
      try await informer.waitUntilSynced()
      try await eventually("it has relisted and watches") { server.requests.count == 5 }
      #expect(server.requests.filter { $0.query["sendInitialEvents"] != nil }.count == 1)
      #expect(server.requests.filter { $0.query["watch"] == nil }.count == 2)
    }
  }

  @Test(
    "a stream that ends before the list is whole leaves the store alone, and a plain list follows",
    arguments: [
      FakeAPIServer.Reply.Ending.complete, .cut,
    ])
  func breaks(ending: FakeAPIServer.Reply.Ending) async throws {
    try await withInformer(
      Answers { request in
        if request.query["sendInitialEvents"] != nil {
          return .init(chunks: [Self.event("ADDED", "half", 3)], ending: ending)
        }
        if request.query["watch"] != nil { return .init(ending: .hang) }
        return .json(#"{"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"namespace":"default","name":"p"}}]}"#)
      }
    ) { informer, _ in
      try await informer.waitUntilSynced()
      #expect(informer.store.keys == [key("p")])
    }
  }

  @Test("what was refused is not asked again, what broke is asked at the next list")
  func rules() {
    var refused = InformerStateMachine()
    #expect(refused.mayStream)
    refused.streamFailed(.status(status(422, "Invalid")), jitter: 0)
    #expect(refused.state == .listing)
    _ = refused.listed(ObjectList(items: [], resourceVersion: "1"))
    #expect(!refused.mayStream)

    var broken = InformerStateMachine()
    broken.streamFailed(.transport("reset"), jitter: 0)
    #expect(broken.state == .waiting(.milliseconds(800), next: .list))
    #expect(!broken.mayStream)
    broken.waited()
    _ = broken.listed(ObjectList(items: [], resourceVersion: "1"))
    #expect(broken.mayStream)
  }
}
