import CoreMetrics
import KubernetesClient
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import Operator

@Suite("Leading and standing by", .timeLimit(.minutes(1)))
struct LeaderTests {
  private let cluster = InMemoryCluster()

  /// An operator as the command puts it together, on a cluster in memory.
  private final class Replica: Sendable {
    let elector: LeaderElector
    let controller: Controller
    let group: ServiceGroup

    init(_ identity: String, _ cluster: InMemoryCluster) {
      let timing = LeaseTiming(
        leaseDuration: .seconds(60), renewDeadline: .seconds(30), retryPeriod: .milliseconds(10))
      elector = LeaderElector(
        lease: ObjectKey(namespace: "default", name: "proglog-operator"), identity: identity, timing: timing,
        api: cluster, logger: .silent, metrics: NOOPMetricsHandler.instance)
      let leadership = elector.leadership
      let api = LeaderAPI(cluster, leadership: leadership)
      controller = Controller(
        api: api, namespaces: ["default"], defaults: OperatorUnderTest.defaults,
        events: EventRecorder(client: api, component: "test", instance: identity, logger: .silent),
        members: LeaderMembers(InMemoryServers(cluster), leadership: leadership), capabilities: { Capabilities() },
        metricsFactory: NOOPMetricsHandler.instance, logger: .silent, clock: OperatorClock { OperatorUnderTest.time },
        gate: { try await leadership.waitUntilHeld() },
        source: { type, _, selector in InMemoryListWatch(cluster: cluster, type: type, labelSelector: selector) })
      group = ServiceGroup(
        configuration: .init(services: [LeaderService(elector: elector), controller], logger: .silent))
    }
  }

  private var holder: String? {
    cluster[.lease, "proglog-operator"]?.spec["holderIdentity"]?.string
  }

  @Test("a standby fills its caches and does nothing; when the leader stops it goes on where that one was")
  func standby() async throws {
    let (first, second) = (Replica("first", cluster), Replica("second", cluster))
    try await withThrowingTaskGroup { tasks in
      tasks.addTask { try await first.group.run() }
      try await first.elector.leadership.waitUntilHeld()
      tasks.addTask { try await second.group.run() }
      cluster.apply(spec: [:])
      try await eventually { cluster.hasWrittenStatus && second.controller.unsynced == [] }
      #expect(holder == "first")
      #expect(!second.elector.leadership.isHeld)

      await first.group.triggerGracefulShutdown()
      try await second.elector.leadership.waitUntilHeld()
      cluster.forgetWrites()
      cluster.apply(spec: ["logLevel": "debug"])
      try await eventually { cluster.hasWrittenStatus }
      #expect(holder == "second")
      await second.group.triggerGracefulShutdown()
      try await tasks.waitForAll()
      #expect(holder == "")
    }
  }

  @Test("before it leads a controller writes nothing, though it knows all")
  func gate() async throws {
    cluster.edit(.lease, "proglog-operator") { $0["spec"] = ["holderIdentity": "other", "leaseDurationSeconds": 600] }
    cluster.apply(spec: [:])
    let replica = Replica("late", cluster)
    try await withThrowingTaskGroup { tasks in
      tasks.addTask { try await replica.group.run() }
      try await eventually { replica.controller.unsynced == [] }
      #expect(cluster.writes == [])
      cluster.edit(.lease, "proglog-operator") { $0["spec"]?["holderIdentity"] = "" }
      try await eventually { cluster.hasWrittenStatus }
      await replica.group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }

  @Test("the lease is given back when what stands behind it in the group is through, and not before")
  func order() async throws {
    let replica = Replica("tidy", cluster)
    let worker = SlowWorker()
    let group = ServiceGroup(
      configuration: .init(services: [LeaderService(elector: replica.elector), worker], logger: .silent))
    try await withThrowingTaskGroup { tasks in
      tasks.addTask { try await group.run() }
      try await replica.elector.leadership.waitUntilHeld()
      await group.triggerGracefulShutdown()
      for await _ in worker.stopping.stream { break }
      #expect(holder == "tidy")
      #expect(replica.elector.leadership.isHeld)
      worker.through.continuation.finish()
      try await tasks.waitForAll()
      #expect(holder == "")
    }
  }

  /// Says when it is asked to stop, and stops when it is told that its work is through.
  private struct SlowWorker: Service {
    let stopping = AsyncStream.makeStream(of: Void.self)
    let through = AsyncStream.makeStream(of: Void.self)

    func run() async throws {
      await withGracefulShutdownHandler {
        for await _ in through.stream {}
      } onGracefulShutdown: {
        stopping.continuation.yield()
      }
    }
  }

  @Test("a lost lease ends the whole group with that error")
  func loss() async throws {
    let replica = Replica("robbed", cluster)
    let run = Task { try await replica.group.run() }
    try await replica.elector.leadership.waitUntilHeld()
    cluster.edit(.lease, "proglog-operator") { $0["spec"]?["holderIdentity"] = "robber" }
    await #expect(throws: LeaseLost.taken(by: "robber")) { try await run.value }
    #expect(holder == "robber")
  }

  private func eventually(_ condition: () -> Bool) async throws {
    while !condition() {
      try await Task.sleep(for: .milliseconds(2))
    }
  }
}

extension InMemoryCluster {
  /// What every pass over a ProgLog that has changed ends with.
  fileprivate var hasWrittenStatus: Bool { writes.contains("apply status of ProgLog log") }
}

@Suite("Capabilities from API discovery")
struct CapabilitiesTests {
  private static func discovery(
    minor: String?, _ served: [ResourceType], unreadable: [ResourceType] = []
  ) throws -> APIDiscovery {
    var discovery = APIDiscovery()
    if let minor { discovery.readVersion(["major": "1", "minor": .string(minor)]) }
    let versions = (served + unreadable).map { JSONValue.object(["groupVersion": .string($0.apiVersion)]) }
    try discovery.readGroups(["groups": [["versions": .array(versions)]]])
    for type in served {
      discovery.readResources(of: type.apiVersion, .success(["resources": [["name": .string(type.plural)]]]))
    }
    for type in unreadable { discovery.readResources(of: type.apiVersion, .failure(.transport("down"))) }
    return discovery
  }

  @Test("each version of Kubernetes gets what it knows")
  func versions() throws {
    let old = try Capabilities().updated(by: Self.discovery(minor: "20", [.disruptionBudgetBeta]))
    #expect(old.disruptionBudget == .disruptionBudgetBeta)
    #expect(!old.hasUnhealthyPodEviction && !old.hasPodMonitors)
    let between = try Capabilities().updated(
      by: Self.discovery(minor: "24+", [.disruptionBudget, .disruptionBudgetBeta]))
    #expect(between.disruptionBudget == .disruptionBudget)
    #expect(!between.hasUnhealthyPodEviction)
    let new = try Capabilities().updated(by: Self.discovery(minor: "33", [.disruptionBudget, .podMonitor]))
    #expect(new.disruptionBudget == .disruptionBudget)
    #expect(new.hasUnhealthyPodEviction && new.hasPodMonitors)
    #expect(try Capabilities().updated(by: Self.discovery(minor: "33", [])).disruptionBudget == nil)
  }

  @Test("a version of disruption budgets that is listed is taken though it cannot be read at the moment")
  func unreadable() throws {
    for type in [ResourceType.disruptionBudgetBeta, .disruptionBudget] {
      let capabilities = try Capabilities().updated(by: Self.discovery(minor: "20", [], unreadable: [type]))
      #expect(capabilities.disruptionBudget == type)
    }
  }

  @Test("what cannot be found out stays as it was known")
  func unknown() throws {
    let known = try Capabilities().updated(by: Self.discovery(minor: "20", [.disruptionBudgetBeta, .podMonitor]))
    let later = try known.updated(
      by: Self.discovery(minor: nil, [], unreadable: [.disruptionBudgetBeta, .podMonitor]))
    #expect(later == known)
  }

  @Test("a server that does not answer is asked again; who waits for the first answer goes on then")
  func watch() async throws {
    let discovery = try Self.discovery(minor: "20", [.disruptionBudgetBeta])
    let isUp = Mutex(false)
    let watch = CapabilityWatch(logger: .silent) { () throws(KubernetesError) in
      if !isUp.withLock({ $0 }) { throw .transport("down") }
      return discovery
    }
    #expect(await watch.refresh() == false)
    #expect(!watch.isKnown)
    isUp.withLock { $0 = true }
    #expect(await watch.refresh())
    try await watch.waitUntilKnown()
    #expect(watch.current.disruptionBudget == .disruptionBudgetBeta)
    isUp.withLock { $0 = false }
    #expect(await watch.refresh() == false)
    #expect(watch.current.disruptionBudget == .disruptionBudgetBeta)
  }
}
