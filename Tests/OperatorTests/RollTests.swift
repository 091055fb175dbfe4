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

  /// A log that has settled, and whose StatefulSet has just got another image.
  private func beginRoll(to image: JSONValue) async throws {
    apply([:])
    #expect(try await subject.settle())
    apply(["image": image])
    subject.sync()
    try await subject.reconcile()
    cluster.runControllers()
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
    try await beginRoll(to: "logd:bad")
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
    for _ in 0..<3 {
      subject.sync()
      try await subject.reconcile()
      cluster.runControllers()
    }
    let observation = try await observation { if $0.identity.name == "log-1" { $0.progress?.lag = 1_000_000 } }
    #expect(restarts(observation)["log-2"]?.isExecutable != true)
  }

  @Test(
    "one that is silent and not ready is not restarted while the leader hears it and has no other quorum",
    arguments: [(true, true, false), (true, false, true), (false, true, true)])
  func heard(isHeard: Bool, isOtherLagging: Bool, isRestarted: Bool) async throws {
    try await beginRoll(to: "logd:2")
    var observation = try await observation { member in
      if member.identity.name == "log-1" { member.progress?.isActive = isHeard }
      if member.identity.name == "log-2", isOtherLagging { member.progress?.lag = 1_000_000 }
    }
    observation.answers["log-1"] = .silent("no route to host")
    observation[.pod, "log-1"]?.content["status"]?["conditions"] = [["type": "Ready", "status": "False"]]
    let step = try #require(restarts(observation)["log-1"])
    #expect(step.reason == .notReady && step.isExecutable == isRestarted, "\(step)")
  }

  @Test(
    "one that is silent and not ready is not restarted while another follows it, or another pod comes up",
    arguments: ["it is followed", "another is made", "another starts", "another is stuck"])
  func mayRun(evidence: String) async throws {
    try await beginRoll(to: "logd:2")
    var observation = try await observation { _ in }
    let isNotReady: JSONValue = ["type": "Ready", "status": "False"]
    for pod in ["log-0", "log-1"] {
      observation.answers[pod] = .silent("no route to host")
      observation[.pod, pod]?.content["status"]?["conditions"] = [isNotReady]
    }
    var follower = try #require(observation.answers["log-2"]?.report)
    follower.leaderName = evidence == "it is followed" ? "log-1" : nil
    observation.answers["log-2"] = .report(follower)
    switch evidence {
    case "another is made": observation[.pod, "log-0"] = nil
    case "another starts", "another is stuck":
      let revision = observation.statefulSet?.status["updateRevision"]
      observation[.pod, "log-0"]?.content["metadata"]?["labels"]?[Names.revisionLabel] = revision
    default: break
    }
    if evidence == "another is stuck" {
      observation[.pod, "log-0"]?.content["status"]?["conditions"] = [
        isNotReady, ["type": "PodScheduled", "status": "False"],
      ]
    }
    let step = try #require(restarts(observation)["log-1"])
    let others = restarts(observation).values.filter { $0.object.name != "log-1" && $0.isExecutable }
    #expect(step.isExecutable == (evidence == "another is stuck"), "\(step)")
    #expect(others.count == (evidence == "it is followed" ? 1 : 0), "\(others)")
  }

  @Test("one that was down is not restarted if anything about it has changed since it was seen")
  func upAgain() async throws {
    try await beginRoll(to: "logd:2")
    cluster.edit(.pod, "log-1") { $0["status"] = ["phase": "Pending", "conditions": []] }
    subject.sync()
    cluster.edit(.pod, "log-1") { $0["status"] = ["phase": "Running", "conditions": []] }
    let uid = cluster[.pod, "log-1"]?.uid
    let error = await #expect(throws: KubernetesError.self) { try await subject.reconcile() }
    #expect(error?.isConflict == true)
    #expect(cluster[.pod, "log-1"]?.uid == uid)
  }

  @Test(
    "one that runs, silent and not ready, is restarted only when no pod has changed for long enough for an election",
    arguments: [
      ("running", 29, 3600, false), ("running", 30, 3600, true), ("running", 3600, 29, false),
      ("running", 3600, 30, true), ("waiting", 0, 3600, true), ("waiting", 0, 0, true),
    ] as [(String, Int64, Int64, Bool)])
  func settling(container: String, changed: Int64, otherChanged: Int64, isRestarted: Bool) async throws {
    try await beginRoll(to: "logd:2")
    var observation = try await observation { _ in }
    func set(_ pod: String, isReady: Bool, _ container: String, before seconds: Int64) {
      let time = observation.time - seconds
      observation[.pod, pod]?.content["status"]?["containerStatuses"] = [["state": [container: [:]]]]
      observation[.pod, pod]?.content["status"]?["conditions"] = [
        [
          "type": "Ready", "status": isReady ? "True" : "False",
          "lastTransitionTime": .string(OperatorClock { time }.text()),
        ]
      ]
    }
    observation.answers["log-0"] = .silent("no route to host")
    set("log-0", isReady: false, container, before: changed)
    for pod in ["log-1", "log-2"] { set(pod, isReady: pod == "log-1", "running", before: otherChanged) }
    for pod in ["log-1", "log-2"] {
      var report = try #require(observation.answers[pod]?.report)
      report.leaderName = nil
      observation.answers[pod] = .report(report)
    }
    let step = try #require(restarts(observation)["log-0"])
    #expect(step.reason == .notReady && step.isExecutable == isRestarted, "\(step)")
  }

  /// What there is to see now, but for what the leader, log-0, says of the members.
  private func observation(_ change: (inout ClusterMember) -> Void) async throws -> Observation {
    var observation = try await subject.assessment.observation
    var leader = try #require(observation.answers["log-0"]?.report)
    for index in leader.members.indices { change(&leader.members[index]) }
    observation.answers["log-0"] = .report(leader)
    return observation
  }

  private func restarts(_ observation: Observation) -> [String: Step] {
    let steps = subject.reconciler.planner.steps(observation).filter {
      if case .restart = $0.action { true } else { false }
    }
    return Dictionary(uniqueKeysWithValues: steps.map { ($0.object.name, $0) })
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
