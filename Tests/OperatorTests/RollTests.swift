import KubernetesClient
import ProgLogClient
import Synchronization
import Testing

@testable import Operator

/// Restarts, read as the order in which pods are made anew.
@Suite struct RollTests {
  let cluster = InMemoryCluster()
  let servers: InMemoryServers
  let subject: OperatorUnderTest

  init() {
    servers = InMemoryServers(cluster)
    subject = OperatorUnderTest(cluster)
  }

  private func apply(_ spec: [String: JSONValue]) {
    cluster.apply(spec: .object(["replicas": 3].merging(spec) { $1 }))
  }

  /// What is written to pods, and what is asked of servers, in order.
  private func story() async throws -> [String] {
    cluster.forgetWrites()
    var told: [String] = []
    var changes = servers.changes.count
    for _ in 0..<60 {
      servers.advance()
      subject.sync()
      try await subject.reconcile()
      told += cluster.writes.filter { $0.hasPrefix("delete Pod") }
      cluster.forgetWrites()
      told += servers.changes.dropFirst(changes)
      changes = servers.changes.count
      let unready = cluster.all(.pod).filter { !$0.isReady }.count + 3 - cluster.all(.pod).count
      #expect(unready <= 1, "one at a time")
      cluster.runControllers()
    }
    return told
  }

  @Test("followers first, the leader last, after it has handed over to one that is done")
  func leaderLast() async throws {
    apply([:])
    #expect(try await subject.settle())
    try servers.carryOut(.transferLeadership(to: "log-1", at: "log-0"))
    apply(["image": "logd:2"])
    #expect(
      try await story() == ["delete Pod log-2", "delete Pod log-0", "transfer to log-0", "delete Pod log-1"])
    #expect(cluster.all(.pod).allSatisfy { $0.spec["containers"]?.array?.first?["image"] == "logd:2" })
  }

  @Test("kubernetes#67250: a pod that never becomes ready stops the roll, and the next template begins there")
  func badImage() async throws {
    apply([:])
    #expect(try await subject.settle())
    apply(["image": "logd:bad"])
    subject.sync()
    try await subject.reconcile()
    cluster.runControllers()
    for _ in 0..<10 {
      subject.sync()
      try await subject.reconcile()
      cluster.runControllers(.init(podsBecomeReady: false))
    }
    let bad = cluster.all(.pod).filter { $0.spec["containers"]?.array?.first?["image"] == "logd:bad" }
    #expect(bad.map(\.name) == ["log-2"], "the others still run what works")
    apply(["image": "logd:good"])
    let order = try await story()
    #expect(order.first == "delete Pod log-2")
    #expect(Set(order.filter { $0.hasPrefix("delete") }).count == 3)
  }

  @Test("no restart while a quorum of the others is not caught up")
  func lagging() async throws {
    apply([:])
    #expect(try await subject.settle())
    servers.mute(["log-1"])
    apply(["image": "logd:2"])
    let planner = subject.reconciler.planner
    for _ in 0..<3 {
      subject.sync()
      try await subject.reconcile()
      cluster.runControllers()
    }
    let resource = try #require(cluster[.progLog, "log"])
    subject.sync()
    var observation = try await subject.reconciler.observer.observe(resource, planner).observation
    var leader = try #require(observation.answers["log-0"]?.report)
    leader.members = leader.members.map { member in
      var member = member
      if member.identity.name == "log-1" { member.progress?.lag = 1_000_000 }
      return member
    }
    observation.answers["log-0"] = .report(leader)
    let restarts = planner.steps(observation).filter { if case .restart = $0.action { true } else { false } }
    #expect(restarts.first { $0.object.name == "log-2" }?.isExecutable != true)
  }

  @Test("a single server is restarted all the same: there is no other way")
  func single() async throws {
    cluster.apply(spec: [:])
    #expect(try await subject.settle())
    cluster.apply(spec: ["image": "logd:2"])
    #expect(try await subject.settle())
    #expect(cluster[.pod, "log-0"]?.spec["containers"]?.array?.first?["image"] == "logd:2")
  }

  @Test("larger volumes: the claims first, then the StatefulSet is made anew around its pods")
  func growth() async throws {
    apply(["storage": ["size": "1Gi"]])
    #expect(try await subject.settle())
    let pods = cluster.all(.pod).map(\.uid)
    apply(["storage": ["size": "2Gi"]])
    cluster.forgetWrites()
    #expect(try await subject.settle())
    #expect(cluster.all(.pod).map(\.uid) == pods, "no pod is restarted")
    for claim in cluster.all(.persistentVolumeClaim) {
      #expect(claim.spec[path: "resources", "requests", "storage"] == "2Gi")
    }
    let template = cluster[.statefulSet, "log"]?.spec["volumeClaimTemplates"]?.array?.first
    #expect(template?[path: "spec", "resources", "requests", "storage"] == "2Gi")
    let order = cluster.writes.filter { $0.contains("PersistentVolumeClaim") || $0.contains("StatefulSet") }
    #expect(order.suffix(2) == ["delete StatefulSet log", "apply StatefulSet log"])
    apply(["storage": ["size": "1Gi"]])
    try await subject.settle()
    #expect(cluster.condition("Degraded").reason == "StorageImmutable")
    #expect(cluster.condition("Ready").status == "True")
  }

  @Test("a class that lets no volume grow is said so, and nothing is begun")
  func ungrowable() async throws {
    cluster.state.withLock { state in
      _ = state.store(
        ["metadata": ["name": "fixed"], "allowVolumeExpansion": false],
        InMemoryCluster.Subject(type: .storageClass, key: ObjectKey(namespace: "", name: "fixed")))
    }
    apply(["storage": ["size": "1Gi", "storageClassName": "fixed"]])
    #expect(try await subject.settle())
    cluster.forgetWrites()
    apply(["storage": ["size": "2Gi", "storageClassName": "fixed"]])
    #expect(try await subject.settle())
    #expect(cluster.writes == ["apply status of ProgLog log"])
    #expect(cluster.condition("Degraded").message?.contains("allowVolumeExpansion") == true)
  }
}
