import KubernetesClient
import ProgLogClient
import Synchronization
import Testing

@testable import Operator

/// Who becomes and who ceases to be a member of a cluster, read as transcripts of what the operator asked of its servers.
@Suite struct MembershipTests {
  let cluster = InMemoryCluster()
  let servers: InMemoryServers
  let subject: OperatorUnderTest

  init() {
    servers = InMemoryServers(cluster)
    subject = OperatorUnderTest(cluster)
  }

  private func settle(replicas: Int64, _ more: [String: JSONValue] = [:]) async throws {
    cluster.apply(spec: .object(["replicas": .integer(replicas)].merging(more) { $1 }))
    #expect(try await subject.settle())
    #expect(servers.violations == [])
  }

  @Test("three servers come up: one begins the cluster, the others are learners before they are voters")
  func creation() async throws {
    try await settle(replicas: 3)
    #expect(servers.changes == ["bootstrap log-0", "add log-1", "promote log-1", "add log-2", "promote log-2"])
    #expect(cluster.condition("Ready").status == "True")
    let status = try #require(cluster[.progLog, "log"]?.status)
    #expect(status["leader"] == "log-0")
    #expect(status["clusterID"]?.string?.count == 32)
    #expect(status["members"]?.array?.map { $0["role"] } == ["voter", "voter", "voter"])
    #expect(status["plan"] == [])
  }

  @Test("three to five to three to one to three: one at a time, the member before its pod, its volume by the policy")
  func scaling() async throws {
    try await settle(replicas: 3)
    try await settle(replicas: 5)
    #expect(servers.changes.suffix(4) == ["add log-3", "promote log-3", "add log-4", "promote log-4"])
    try await settle(replicas: 3)
    #expect(servers.changes.suffix(2) == ["remove log-4", "remove log-3"])
    #expect(cluster[.pod, "log-3"] == nil && cluster[.persistentVolumeClaim, "data-log-3"] == nil)
    #expect(cluster[.service, "log-3"] == nil)
    try await settle(replicas: 1)
    #expect(cluster.voters == ["log-0"])
    try await settle(replicas: 3)
    #expect(cluster.voters == ["log-0", "log-1", "log-2"])
    #expect(cluster.condition("Ready").status == "True")
  }

  @Test("redpanda-operator#1906: the StatefulSet shrinks by one, and only below a server that the cluster has let go")
  func stepwise() async throws {
    try await settle(replicas: 5)
    cluster.apply(spec: ["replicas": 1])
    var previous: Int64 = 5
    for _ in 0..<60 {
      servers.advance()
      subject.sync()
      try await subject.reconcile()
      let replicas = cluster[.statefulSet, "log"]?.spec["replicas"]?.integer ?? 0
      #expect(replicas == previous || replicas == previous - 1)
      for member in servers.group?.members ?? [] {
        let ordinal = try #require(Names.ordinal(member.identity.name, of: "log"))
        #expect(Int64(ordinal) < replicas, "\(member.identity.name) votes and its pod is taken away")
      }
      previous = replicas
      cluster.runControllers()
    }
    #expect(previous == 1)
  }

  @Test("etcd-operator#193: pods that are gone are no wish to be smaller")
  func lostPods() async throws {
    try await settle(replicas: 3)
    let changes = servers.changes
    cluster.remove(.pod, "log-1")
    cluster.remove(.pod, "log-2")
    for _ in 0..<5 {
      servers.advance()
      subject.sync()
      try await subject.reconcile()
    }
    #expect(cluster[.statefulSet, "log"]?.spec["replicas"] == 3)
    #expect(servers.changes == changes)
    #expect(try await subject.settle())
    #expect(servers.changes == changes, "who comes back is the member that it was (arcadedb#5275)")
  }

  @Test("etcd-operator#443: with twelve servers it is the right one that goes")
  func twoDigits() async throws {
    // More than the API allows: the names are what is tested.
    let planner = subject.reconciler.planner
    let members = (0..<12).map { ordinal in
      ClusterMember(
        identity: NodeIdentity(name: "log-\(ordinal)", incarnation: "\(ordinal)"), address: "", role: .voter,
        progress: MemberProgress(matchIndex: 9, lag: 0, inflightBytes: 0, isActive: true, isReplicating: true))
    }
    cluster.apply(spec: ["replicas": 9])
    cluster.edit(.statefulSet, "log") { content in
      content["spec"] = ["replicas": 12]
      content["metadata"]?["labels"] = .object(Names.labels("log", .server))
    }
    var observation = Observation(resource: try #require(cluster[.progLog, "log"]))
    observation.objects = [
      ObjectReference(type: .statefulSet, name: "log"): try #require(cluster[.statefulSet, "log"])
    ]
    for member in members {
      var report = NodeReport(identity: member.identity, address: "")
      report.clusterID = "c"
      report.members = members
      report.isConfigurationCommitted = true
      if member.identity.name == "log-2" { report.state = .leader }
      observation.answers[member.identity.name] = .report(report)
    }
    let situation = try planner.situation(observation)
    let steps = planner.disruptions(situation, isTemplateSettled: true).filter(\.isExecutable)
    #expect(steps.map(\.action) == [.administer(.remove("log-11", at: "log-2"))])
  }

  @Test("the leader hands over before it is removed")
  func removeLeader() async throws {
    try await settle(replicas: 3)
    try servers.carryOut(.transferLeadership(to: "log-2", at: "log-0"))
    try await settle(replicas: 1)
    #expect(servers.changes.contains("transfer to log-0"))
    #expect(servers.changes.suffix(2) == ["remove log-2", "remove log-1"])
    #expect(servers.violations == [])
  }

  @Test("openbao-operator#341: three, one, three again, on kept volumes: nobody comes back as a voter by itself")
  func keptClaims() async throws {
    let keep: [String: JSONValue] = ["storage": ["retention": ["whenScaled": "Retain"]]]
    try await settle(replicas: 3, keep)
    try await settle(replicas: 1, keep)
    #expect(cluster[.persistentVolumeClaim, "data-log-2"] != nil)
    try await settle(replicas: 3, keep)
    #expect(servers.changes.suffix(4) == ["add log-1", "promote log-1", "add log-2", "promote log-2"])
  }

  @Test("a server whose volume is new is taken out and comes back as a learner")
  func wiped() async throws {
    try await settle(replicas: 3)
    cluster.remove(.persistentVolumeClaim, "data-log-1")
    cluster.remove(.pod, "log-1")
    #expect(try await subject.settle())
    #expect(servers.changes.suffix(3) == ["remove log-1", "add log-1", "promote log-1"])
    #expect(servers.violations == [])
  }

  @Test("a wiped server is not taken out while the others are no quorum")
  func wipedTooMany() async throws {
    try await settle(replicas: 3)
    servers.mute(["log-2"])
    cluster.remove(.persistentVolumeClaim, "data-log-1")
    cluster.remove(.pod, "log-1")
    cluster.remove(.pod, "log-2")
    cluster.runControllers(.init(podsBecomeReady: false))
    servers.advance()
    let before = servers.changes
    for _ in 0..<5 {
      subject.sync()
      try await subject.reconcile()
    }
    #expect(servers.changes == before)
  }

  @Test("a pod that does not answer is neither added nor waited out: fails closed")
  func silent() async throws {
    cluster.apply(spec: ["replicas": 3])
    servers.mute(["log-2"])
    try await subject.settle()
    #expect(servers.changes == [], "whether log-2 belongs to a cluster is not known")
    #expect(cluster.condition("Ready").reason == "MemberSilent")
    servers.mute([])
    #expect(try await subject.settle())
    #expect(cluster.voters.count == 3)
  }

  @Test("a log that is made anew finds its cluster again on kept volumes, also where it was larger")
  func adoption() async throws {
    try await settle(replicas: 5)
    let id = cluster[.progLog, "log"]?.status["clusterID"]
    cluster.remove(.progLog, "log")
    for _ in 0..<3 { cluster.runControllers() }
    #expect(cluster[.pod, "log-0"] == nil)
    let before = servers.changes.count
    try await settle(replicas: 3)
    #expect(cluster[.progLog, "log"]?.status["clusterID"] == id)
    #expect(Array(servers.changes.dropFirst(before)) == ["remove log-4", "remove log-3"])
  }

  @Test("volumes that are all new are a lost log, not a new one")
  func lost() async throws {
    try await settle(replicas: 3)
    for ordinal in 0..<3 {
      cluster.remove(.persistentVolumeClaim, "data-log-\(ordinal)")
      cluster.remove(.pod, "log-\(ordinal)")
    }
    let before = servers.changes
    try await subject.settle()
    #expect(servers.changes == before)
    #expect(cluster.condition("Degraded").reason == "ClusterLost")
    #expect(servers.violations == [])
  }

  @Test("the volume on which a log begins is on record before it does, so that no second one is begun after its loss")
  func firstMember() async throws {
    cluster.apply(spec: [:])
    subject.sync()
    try await subject.reconcile()
    cluster.runControllers()
    let planner = subject.reconciler.planner
    let first = try #require(try await subject.plan.first { $0.reason == .firstStart })
    #expect(first.heldBackBy == "status.firstMember must name it first")
    // It was begun; and the server was never heard of again.
    try await subject.reconcile()
    let resource = try #require(cluster[.progLog, "log"])
    #expect(resource.status["firstMember"]?["name"] == "log-0" && resource.status["clusterID"] == nil)
    var observation = try await subject.assessment.observation
    #expect(planner.steps(observation).first { $0.reason == .firstStart }?.isExecutable == true)
    var report = try #require(observation.answers["log-0"]?.report)
    report.identity = NodeIdentity(name: "log-0", incarnation: "of another volume")
    observation.answers["log-0"] = .report(report)
    let steps = planner.steps(observation)
    #expect(steps.contains { $0.reason == .clusterLost } && !steps.contains { $0.reason == .firstStart })
  }

  @Test("redpanda#11303: servers of two clusters are for a person to tell apart")
  func differing() async throws {
    try await settle(replicas: 3)
    let planner = subject.reconciler.planner
    var observation = try await subject.assessment.observation
    var stranger = try #require(observation.answers["log-2"]?.report)
    stranger.clusterID = "another"
    observation.answers["log-2"] = .report(stranger)
    let steps = planner.steps(observation)
    #expect(steps.map(\.reason) == [.clustersDiffer])
    #expect(steps.first?.because.contains("log-2 in another") == true)
  }

  @Test("a member that is no pod of ours is reported and left")
  func unknown() async throws {
    try await settle(replicas: 3)
    cluster.serverState.withLock { state in
      state.group?.members.append(
        ClusterMember(identity: NodeIdentity(name: "guest", incarnation: "g"), address: "", role: .learner))
    }
    try await subject.settle()
    #expect(cluster.condition("Degraded").reason == "UnknownMember")
    #expect(cluster.condition("Ready").status == "True")
    #expect(servers.group?.members.contains { $0.identity.name == "guest" } == true)
  }

  @Test("hibernation keeps members and volumes; waking brings all of them back")
  func hibernation() async throws {
    try await settle(replicas: 3)
    let changes = servers.changes
    try await settle(replicas: 3, ["hibernated": true])
    #expect(cluster.all(.pod) == [])
    #expect(cluster.all(.persistentVolumeClaim).count == 3)
    #expect(cluster.condition("Ready").reason == "Hibernated")
    #expect(cluster[.progLog, "log"]?.status["members"]?.array?.map { $0["role"] } == ["voter", "voter", "voter"])
    // Woken smaller: all must come up before one can be let go.
    try await settle(replicas: 1)
    #expect(Array(servers.changes.dropFirst(changes.count)) == ["remove log-2", "remove log-1"])
    #expect(cluster.condition("Ready").status == "True")
  }

  @Test("a paused log is planned for and not touched")
  func paused() async throws {
    try await settle(replicas: 1)
    cluster.edit(.progLog, "log") { $0["metadata"]?["annotations"] = ["proglog.io/paused": "true"] }
    cluster.apply(spec: ["replicas": 3])
    cluster.forgetWrites()
    try await subject.settle()
    #expect(cluster.writes == ["apply status of ProgLog log"])
    #expect(try await subject.plan.allSatisfy { !$0.isExecutable })
    cluster.edit(.progLog, "log") { $0["metadata"]?["annotations"] = [:] }
    #expect(try await subject.settle())
    #expect(cluster.voters.count == 3)
  }

  @Test("an even number of servers, or more than nine, is refused with the reason")
  func even() async throws {
    for replicas: Int64 in [0, 2, 10] {
      cluster.apply(spec: ["replicas": .integer(replicas)])
      try await subject.settle()
      #expect(cluster.condition("Degraded").reason == "InvalidSpec")
    }
    #expect(cluster.all(.statefulSet) == [])
  }

  @Test("a lost quorum goes on only with the token that names this very loss")
  func quorumLoss() async throws {
    try await settle(replicas: 3)
    servers.mute(["log-1", "log-2"])
    cluster.serverState.withLock { $0.group?.leader = nil }
    subject.sync()
    try await subject.reconcile()
    let recovery = try #require(cluster[.progLog, "log"]?.status["recovery"])
    #expect(recovery["survivor"] == "log-0")
    #expect(recovery["lostAfter"]?.integer != nil)
    #expect(cluster.condition("Ready").reason == "QuorumLost")
    #expect(try await subject.plan.allSatisfy { !$0.isExecutable })
    cluster.edit(.progLog, "log") { $0["metadata"]?["annotations"] = ["proglog.io/recover": "yes"] }
    #expect(try await subject.plan.allSatisfy { !$0.isExecutable })
    cluster.edit(.progLog, "log") {
      $0["metadata"]?["annotations"] = ["proglog.io/recover": recovery["token"] ?? ""]
    }
    let steps = try await subject.plan.filter(\.isExecutable)
    #expect(steps.map(\.reason) == [.recovering])
  }

  @Test("two of three volumes lost for good: nothing by itself or a wrong token, three voters by the right one")
  func recovery() async throws {
    let token = try await loseTwoOfThree()
    let (before, id) = (servers.changes, cluster[.progLog, "log"]?.status["clusterID"])
    cluster.annotate(Names.recoverAnnotation, "yes")
    #expect(try await subject.settle())
    #expect(cluster.condition("Ready").reason == "QuorumLost")
    #expect(cluster.condition("Ready").message?.contains("is not the token") == true)
    #expect(servers.changes == before)

    cluster.annotate(Names.recoverAnnotation, token)
    #expect(try await subject.settle())
    #expect(
      servers.changes.dropFirst(before.count) == [
        "recover log-0", "add log-1", "promote log-1", "add log-2", "promote log-2",
      ])
    #expect(cluster.condition("Ready").status == "True")
    let status = try #require(cluster[.progLog, "log"]?.status)
    #expect(status["recovery"] == nil)
    #expect(status[path: "lastRecovery", "survivor"] == "log-0")
    #expect(status[path: "lastRecovery", "lostAfter"]?.integer != nil)
    #expect(status[path: "lastRecovery", "abandonedClusterID"] == id)
    #expect(status[path: "lastRecovery", "clusterID"] == status["clusterID"])
    #expect(servers.violations == [])
  }

  @Test("nothing is given up before the status says what it costs")
  func recoveryIsOnRecord() async throws {
    let token = try await loseTwoOfThree()
    cluster.annotate(Names.recoverAnnotation, token)
    cluster.edit(.progLog, "log") { $0["status"]?["recovery"] = nil }
    let step = try await subject.plan.first { $0.reason == .recovering }
    #expect(step?.heldBackBy == "status.recovery must have it first")
    try await subject.reconcile()
    #expect(try await subject.plan.first { $0.reason == .recovering }?.isExecutable == true)
  }

  /// The token with which the survivor may go on.
  private func loseTwoOfThree() async throws -> String {
    try await settle(replicas: 3)
    cluster.loseTwoOfThree()
    #expect(try await subject.settle())
    #expect(cluster.condition("Ready").reason == "QuorumLost")
    return try #require(cluster[.progLog, "log"]?.status[path: "recovery", "token"]?.string)
  }
}
