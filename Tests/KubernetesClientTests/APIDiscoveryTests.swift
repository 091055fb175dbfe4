import KubernetesClient
import Testing

@Suite("API discovery", .timeLimit(.minutes(1)))
struct APIDiscoveryTests {
  private static let budgetBeta = ResourceType(
    group: "policy", version: "v1beta1", kind: "PodDisruptionBudget", plural: "poddisruptionbudgets")

  /// A cluster of Kubernetes 1.20 with a Prometheus operator.
  private static let old = [
    "/version": #"{"major":"1","minor":"20+","gitVersion":"v1.20.15-gke.3"}"#,
    "/apis":
      #"{"groups":[{"name":"policy","versions":[{"groupVersion":"policy/v1beta1","version":"v1beta1"}]},"#
      + #"{"name":"monitoring.coreos.com","versions":[{"groupVersion":"monitoring.coreos.com/v1"}]}]}"#,
    "/apis/policy/v1beta1":
      #"{"resources":[{"name":"poddisruptionbudgets"},{"name":"poddisruptionbudgets/status"}]}"#,
    "/apis/monitoring.coreos.com/v1": #"{"resources":[{"name":"prometheuses"},{"name":"podmonitors"}]}"#,
  ]

  private static let types = [ResourceType.disruptionBudget, budgetBeta, .podMonitor]

  private func server(_ answers: [String: String]) -> Answers {
    Answers { request in answers[request.path].map { .json($0) } ?? .failure(503, "ServiceUnavailable") }
  }

  @Test("groups, their types and the server's version are found, and only groups that exist are asked")
  func complete() async throws {
    try await withServer(server(Self.old)) { client, server in
      let discovery = try await client.discover(Self.types)
      #expect(discovery.version == .init(major: 1, minor: 20))
      #expect(discovery.serves(.disruptionBudget) == false)
      #expect(discovery.serves(Self.budgetBeta) == true)
      #expect(discovery.serves(.podMonitor) == true)
      #expect(
        discovery.serves(ResourceType(group: "policy", version: "v1beta1", kind: "X", plural: "others")) == false)
      #expect(discovery.failures.isEmpty)
      #expect(
        Set(server.requests.map(\.path)) == [
          "/apis", "/version", "/apis/policy/v1beta1", "/apis/monitoring.coreos.com/v1",
        ])
    }
  }

  @Test(
    "a part that cannot be read leaves that part unknown", arguments: ["/version", "/apis/monitoring.coreos.com/v1"])
  func partial(path: String) async throws {
    var answers = Self.old
    answers[path] = nil
    try await withServer(server(answers)) { client, _ in
      let discovery = try await client.discover(Self.types)
      #expect(discovery.serves(Self.budgetBeta) == true)
      #expect(discovery.serves(.podMonitor) == (path == "/version" ? true : nil))
      #expect((discovery.version == nil) == (path == "/version"))
      #expect(discovery.failures.keys.sorted() == (path == "/version" ? [] : [path]))
    }
  }

  @Test("without the list of groups nothing is known", arguments: [nil, "{}"])
  func nothing(answer: String?) async throws {
    var answers = Self.old
    answers["/apis"] = answer
    try await withServer(server(answers)) { client, _ in
      await #expect(throws: KubernetesError.self) { try await client.discover(Self.types) }
    }
  }

  @Test(
    "versions compare as numbers, whatever a provider adds",
    arguments: [("29", true), ("9", false), ("27+", true), ("26-rc.1", false)])
  func versions(minor: String, isNew: Bool) {
    var discovery = APIDiscovery()
    discovery.readVersion(["major": "1", "minor": .string(minor)])
    #expect(discovery.version.map { $0 >= .init(major: 1, minor: 27) } == isNew)
  }

  @Test("a version that is no number is none")
  func noVersion() {
    var discovery = APIDiscovery()
    discovery.readVersion(["major": "1", "minor": ""])
    #expect(discovery.version == nil)
  }
}
