import Metrics
import Testing

@testable import KubernetesClient

@Suite("Leader elector", .timeLimit(.minutes(1)))
struct LeaderElectorTests {
  private static let key = ObjectKey(namespace: "ns", name: "controller")
  /// For leases that are not to be lost on a machine that is busy with other tests.
  private static let patient = LeaseTiming(
    leaseDuration: .seconds(50), renewDeadline: .seconds(40), retryPeriod: .milliseconds(20))
  /// For one that is.
  private static let impatient = LeaseTiming(
    leaseDuration: .seconds(4), renewDeadline: .seconds(2), retryPeriod: .milliseconds(20))

  /// An API server that has one Lease, and may be away.
  private final class LeaseServer: Sendable {
    let lease = Shared<JSONValue?>(nil)
    let isAway = Shared(false)

    var answers: Answers {
      Answers { request in
        if self.isAway.value { return .failure(503, "ServiceUnavailable") }
        return self.lease.update { lease in
          switch (request.method, lease) {
          case ("GET", nil): .failure(404, "NotFound")
          case ("POST", _?): .failure(409, "AlreadyExists")
          case ("PUT", let lease?) where Self.version(lease) != request.body.map(Self.version):
            .failure(409, "Conflict")
          case ("POST", _), ("PUT", _):
            Self.reply(Self.store(request.body ?? [:], &lease))
          default: Self.reply(lease ?? [:])
          }
        }
      }
    }

    private static func version(_ lease: JSONValue) -> Int64 {
      lease[path: "metadata", "resourceVersion"]?.string.flatMap(Int64.init) ?? 0
    }

    private static func store(_ new: JSONValue, _ lease: inout JSONValue?) -> JSONValue {
      var new = new
      new["metadata"]?["resourceVersion"] = .string("\(lease.map(version).map { $0 + 1 } ?? 1)")
      lease = new
      return new
    }

    private static func reply(_ lease: JSONValue) -> FakeAPIServer.Reply {
      .json((try? String(decoding: JSONCoding.encode(lease), as: UTF8.self)) ?? "")
    }

    var holder: String? { lease.value?[path: "spec", "holderIdentity"]?.string }
  }

  private func elector(
    _ identity: String, _ client: RESTClient, timing: LeaseTiming = patient,
    metrics: any MetricsFactory = NOOPMetricsHandler.instance
  ) -> LeaderElector {
    LeaderElector(
      lease: Self.key, identity: identity, timing: timing, api: client, logger: quiet, metrics: metrics)
  }

  @Test("one leads, the other waits; the first gives the lease back and the second follows")
  func handOver() async throws {
    let leases = LeaseServer()
    try await withServer(options: .unlimited, leases.answers) { client, server in
      let (first, second) = (elector("first", client), elector("second", client))
      async let firstRun: Void = first.run()
      try await first.leadership.waitUntilHeld()
      let secondRun = Task { try await second.run() }
      try await eventually("the second looks") { server.requests.contains { $0.method == "GET" } }
      #expect(first.leadership.isHeld && !second.leadership.isHeld)
      #expect(
        server.requests.first { $0.method == "PUT" || $0.method == "GET" }?.path
          == "/apis/coordination.k8s.io/v1/namespaces/ns/leases/controller")

      first.stop()
      try await firstRun
      #expect(!first.leadership.isHeld)
      try await second.leadership.waitUntilHeld()
      #expect(leases.holder == "second")
      secondRun.cancel()
      try await secondRun.value
      #expect(!second.leadership.isHeld)
    }
  }

  @Test("a leader that cannot renew throws, and writes through LeaderAPI are refused before any other may lead")
  func outage() async throws {
    let leases = LeaseServer()
    try await withServer(options: .unlimited, leases.answers) { client, server in
      let elector = elector("a", client, timing: Self.impatient)
      let guarded = LeaderAPI(client, leadership: elector.leadership)
      let object = KubernetesObject(["metadata": ["name": "c", "namespace": "ns"]])
      await #expect(throws: KubernetesError.notLeader) { try await guarded.create(object, as: .configMap) }
      let run = Task { try await elector.run() }
      try await elector.leadership.waitUntilHeld()
      _ = try? await guarded.create(object, as: .configMap)
      #expect(server.requests.contains { $0.path == "/api/v1/namespaces/ns/configmaps" })

      leases.isAway.update { $0 = true }
      let error = await #expect(throws: LeaseLost.self) { try await run.value }
      guard case .notRenewed(_?)? = error else { throw error ?? .notRenewed(nil) }
      let sent = server.requests.count
      await #expect(throws: KubernetesError.notLeader) {
        try await guarded.apply(object, as: .configMap, fieldManager: "m")
      }
      await #expect(throws: KubernetesError.notLeader) {
        try await guarded.delete(.configMap, object.key, onlyIf: nil, propagation: .background)
      }
      #expect(server.requests.count == sent)
    }
  }

  @Test("a lease that somebody else writes itself into is lost at once")
  func stolen() async throws {
    let leases = LeaseServer()
    try await withServer(options: .unlimited, leases.answers) { client, _ in
      let elector = elector("a", client)
      let run = Task { try await elector.run() }
      try await elector.leadership.waitUntilHeld()
      leases.lease.update { lease in
        lease?["spec"]?["holderIdentity"] = "b"
        lease?["metadata"]?["resourceVersion"] = "1000"
      }
      await #expect(throws: LeaseLost.taken(by: "b")) { try await run.value }
    }
  }

  @Test("a leadership is over when its time is, whoever says so or not")
  func clock() async throws {
    let leadership = Leadership()
    let now = ContinuousClock.now
    #expect(!leadership.isHeld(at: now))
    leadership.set(until: now + .seconds(10))
    #expect(leadership.isHeld(at: now + .milliseconds(9_999)))
    #expect(!leadership.isHeld(at: now + .seconds(10)))
    leadership.set(until: nil)
    #expect(!leadership.isHeld(at: now))
    #expect(Leadership.unconditional.isHeld(at: now + .seconds(1_000_000)))
  }
}

extension RESTClient.Options {
  /// For tests that are about something else than the rate.
  static var unlimited: RESTClient.Options {
    var options = RESTClient.Options.defaults
    options.requestsPerSecond = 10_000
    return options
  }
}
