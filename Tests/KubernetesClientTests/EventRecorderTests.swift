import KubernetesClient
import Testing

@Suite("Event recorder", .timeLimit(.minutes(1)))
struct EventRecorderTests {
  @Test("the first is created, the same again raises its count, one that the server forgot is created anew")
  func counts() async throws {
    let forgets = Shared(false)
    try await withServer(
      Answers { request in
        if request.method == "PATCH", forgets.value { return .failure(404, "NotFound") }
        return .json(#"{"metadata":{"namespace":"default","name":"p.1"}}"#, status: 201)
      }
    ) { client, server in
      let recorder = EventRecorder(client: client, component: "controller", instance: "pod-0", logger: quiet)
      let pod = object("p", version: 3)
      await recorder.record(.normal, reason: "Created", "made it", about: pod)
      await recorder.record(.normal, reason: "Created", "made it", about: pod)
      await recorder.record(.warning, reason: "Created", "made it", about: pod)
      forgets.update { $0 = true }
      await recorder.record(.normal, reason: "Created", "made it", about: pod)
      let requests = server.requests
      #expect(requests.map(\.method) == ["POST", "PATCH", "POST", "PATCH", "POST"])
      #expect(requests[1].path == "/api/v1/namespaces/default/events/p.1")
      #expect(requests[1].body?["count"] == 2)
      #expect(requests[3].body?["count"] == 3)
      let event = try #require(requests[0].body)
      #expect(event["involvedObject"]?["uid"] == "uid-p")
      #expect(event["type"] == "Normal")
      #expect(event["count"] == 1)
      #expect(event["source"] == ["component": "controller"])
      #expect(event["metadata"]?["name"]?.string?.hasPrefix("p.") == true)
    }
  }

  @Test("a server that refuses, and a message that is too long, do not concern the caller")
  func neverFails() async throws {
    try await withServer(Answers { _ in .failure(403, "Forbidden") }) { client, server in
      let recorder = EventRecorder(client: client, component: "c", instance: "i", logger: quiet)
      await recorder.record(
        .warning, reason: "Failed", String(repeating: "ü", count: 2_000), about: object("p", version: 1))
      let message = try #require(server.requests.first?.body?["message"]?.string)
      #expect(message.utf8.count <= 1_024)
      #expect(message.hasSuffix("ü…"))
    }
  }
}
