import KubernetesClient
import ProgLogClient
import Synchronization

@testable import Operator

/// The servers in the pods of an `InMemoryCluster`: each has its claim's disk, and together they are a Raft cluster as seen
/// from its admin API. Consensus itself is not played: a change is committed at once when a quorum of the voters runs.
final class InMemoryServers: MemberClient {
  /// What a volume holds.
  struct Disk: Hashable {
    var incarnation: String
    var clusterID: String?
    /// The last entry that it has.
    var lastIndex: UInt64 = 0
  }

  struct Group: Hashable {
    var members: [ClusterMember]
    var leader: String?
    var term: UInt64 = 1
    var configurationIndex: UInt64 = 1
    /// Entries that a quorum has, and of which clients were told.
    var acknowledged: UInt64 = 1
  }

  struct State {
    /// By the uid of the claim.
    var disks: [String: Disk] = [:]
    var group: Group?
    /// Pods that do not answer though they run.
    var mute: Set<String> = []
    /// What each pod has read of its certificates, and from which version of the Secret.
    var readings: [String: (version: String, tls: NodeTLSReport?)] = [:]
    /// Changes that were carried out.
    var changes: [String] = []
    var violations: [String] = []
  }

  let cluster: InMemoryCluster

  init(_ cluster: InMemoryCluster) { self.cluster = cluster }

  var changes: [String] { cluster.serverState.withLock { $0.changes } }
  var group: Group? { cluster.serverState.withLock { $0.group } }
  var violations: [String] { cluster.serverState.withLock { $0.violations } }

  func mute(_ pods: Set<String>) { cluster.serverState.withLock { $0.mute = pods } }

  /// Time passes among the servers: elections, replication, and records from clients.
  func advance() {
    let running = runningDisks()
    readCertificates(running.keys.sorted())
    cluster.serverState.withLock { state in
      for (pod, uid) in running where state.disks[uid] == nil {
        state.disks[uid] = Disk(incarnation: "incarnation of \(pod) on \(uid)")
      }
      guard var group = state.group else { return }
      let live = group.members.filter { member in
        running[member.identity.name].flatMap { state.disks[$0] }?.incarnation == member.identity.incarnation
      }
      let voters = group.members.filter { $0.role == .voter }
      let liveVoters = live.filter { $0.role == .voter }
      if liveVoters.count <= voters.count / 2 {
        group.leader = nil
      } else {
        if !liveVoters.contains(where: { $0.identity.name == group.leader }) {
          // Who has all that was acknowledged can lead; a quorum always has such a one.
          let able = liveVoters.filter { voter in
            running[voter.identity.name].flatMap { state.disks[$0] }.map { $0.lastIndex >= group.acknowledged } ?? false
          }
          group.leader = able.first?.identity.name
          group.term += 1
          if able.isEmpty {
            state.violations.append("acknowledged entries are on none of the voters that are left")
          }
        }
        if group.leader != nil {
          group.acknowledged += 1
          for member in live {
            if let uid = running[member.identity.name] { state.disks[uid]?.lastIndex = group.acknowledged }
          }
        }
      }
      state.group = group
    }
  }

  /// As kubelet brings the Secret to the pods that run.
  private func readCertificates(_ pods: [String]) {
    guard let secret = cluster[.secret, Names.serverSecret("log")] else { return }
    for pod in pods {
      let known = cluster.serverState.withLock { $0.readings[pod]?.version }
      guard known != secret.resourceVersion, let reading = Reading(secret, pod: pod) else { continue }
      cluster.serverState.withLock { $0.readings[pod] = (secret.resourceVersion, reading.report(of: pod).tls) }
    }
  }

  // MARK: MemberClient

  func report(of member: MemberEndpoint) async -> MemberAnswer { answer(of: member.pod) }

  func answer(of pod: String) -> MemberAnswer {
    let running = runningDisks()
    return cluster.serverState.withLock { state in
      guard let uid = running[pod] else { return .silent("connection refused") }
      guard !state.mute.contains(pod) else { return .silent("no answer within 2 seconds") }
      let disk = state.disks[uid] ?? Disk(incarnation: "incarnation of \(pod) on \(uid)")
      state.disks[uid] = disk
      var report = NodeReport(
        identity: NodeIdentity(name: pod, incarnation: disk.incarnation), address: "\(pod).log-headless:8400")
      report.tls = state.readings[pod]?.tls
      report.clusterID = disk.clusterID
      guard disk.clusterID != nil, let group = state.group else { return .report(report) }
      report.term = group.term
      report.lastIndex = disk.lastIndex
      report.flushedIndex = disk.lastIndex
      report.commitIndex = min(disk.lastIndex, group.acknowledged)
      report.endOffset = disk.lastIndex
      report.configurationIndex = group.configurationIndex
      report.isConfigurationCommitted = true
      report.leaderName = group.leader
      report.state = group.leader == pod ? .leader : .follower
      report.members = group.members.map { member in
        var member = member
        member.isLeader = member.identity.name == group.leader
        let disk = running[member.identity.name].flatMap { state.disks[$0] }
        let isLive = disk?.incarnation == member.identity.incarnation
        let matched = isLive ? disk?.lastIndex ?? 0 : 0
        member.progress = MemberProgress(
          matchIndex: matched, lag: group.acknowledged - min(matched, group.acknowledged), inflightBytes: 0,
          isActive: isLive, isReplicating: isLive && matched > 0)
        return member
      }
      return .report(report)
    }
  }

  func carryOut(_ change: Step.MembershipChange, at member: MemberEndpoint) async throws(MemberError) {
    try carryOut(change)
  }

  func carryOut(_ change: Step.MembershipChange) throws(MemberError) {
    let running = runningDisks()
    let error = cluster.serverState.withLock { $0.carryOut(change, running) }
    if let error { throw error }
  }

  /// Pods that run, with the uid of their claim.
  func runningDisks() -> [String: String] {
    cluster.state.withLock { state in
      var result: [String: String] = [:]
      for pod in state.all(.pod, nil) where !pod.isBeingDeleted && pod.status["phase"]?.string == "Running" {
        let claim = InMemoryCluster.Subject(
          type: .persistentVolumeClaim, key: ObjectKey(namespace: pod.namespace, name: "data-\(pod.name)"))
        result[pod.name] = state.objects[claim]?.uid
      }
      return result
    }
  }
}

extension InMemoryServers.State {
  mutating func carryOut(
    _ change: Step.MembershipChange, _ running: [String: String]
  ) -> MemberError? {
    func refuse(_ text: String, mayPass: Bool = false) -> MemberError {
      MemberError(description: text, mayPass: mayPass)
    }
    if case .bootstrap(let pod, let id) = change {
      guard let uid = running[pod], let disk = disks[uid] else { return refuse("\(pod) is gone", mayPass: true) }
      guard disk.clusterID == nil else { return refuse("already in a cluster") }
      if group != nil { violations.append("a second cluster was begun") }
      disks[uid]?.clusterID = id
      disks[uid]?.lastIndex = 1
      let identity = NodeIdentity(name: pod, incarnation: disk.incarnation)
      group = InMemoryServers.Group(
        members: [ClusterMember(identity: identity, address: "", role: .voter)], leader: pod)
      changes.append("bootstrap \(pod)")
      return nil
    }
    if case .recover(let pod, let claim) = change { return recover(at: pod, claim, running) }
    guard var group, let leader = group.leader, running[leader] != nil else {
      return refuse("there is no leader", mayPass: true)
    }
    guard change.pod == leader else { return refuse("not the leader", mayPass: true) }
    switch change {
    case .bootstrap, .recover: preconditionFailure("\(change) needs no leader")
    case .add(let identity, _, _):
      guard !group.members.contains(where: { $0.identity.name == identity.name }) else { return refuse("is a member") }
      group.members.append(ClusterMember(identity: identity, address: "", role: .learner))
      if let uid = running[identity.name], disks[uid]?.incarnation == identity.incarnation {
        let clusterID = running[leader].flatMap { disks[$0]?.clusterID }
        disks[uid]?.clusterID = clusterID
      }
      changes.append("add \(identity.name)")
    case .promote(let name, _):
      guard let index = group.members.firstIndex(where: { $0.identity.name == name }) else { return refuse("none") }
      let disk = running[name].flatMap { disks[$0] }
      if (disk?.lastIndex ?? 0) + 1 < group.acknowledged { return refuse("not caught up", mayPass: true) }
      group.members[index].role = .voter
      changes.append("promote \(name)")
    case .remove(let name, _):
      if name == leader { violations.append("the leader was removed while it led") }
      group.members.removeAll { $0.identity.name == name }
      changes.append("remove \(name)")
    case .transferLeadership(let name, _):
      guard let name, group.members.contains(where: { $0.identity.name == name && $0.role == .voter }),
        running[name] != nil
      else { return refuse("cannot take over", mayPass: true) }
      group.leader = name
      group.term += 1
      changes.append("transfer to \(name)")
      self.group = group
      return nil
    }
    group.configurationIndex += 1
    self.group = group
    return nil
  }

  /// One server goes on alone; what it has is all that there is.
  private mutating func recover(
    at pod: String, _ claim: Step.RecoveryClaim, _ running: [String: String]
  ) -> MemberError? {
    guard let uid = running[pod], let disk = disks[uid], let group, group.leader == nil,
      disk.clusterID == claim.clusterID, disk.lastIndex == claim.lastIndex
    else { return MemberError(description: "\(pod) is not what was looked at", mayPass: false) }
    disks[uid]?.clusterID = claim.newClusterID
    let identity = NodeIdentity(name: pod, incarnation: disk.incarnation)
    self.group = InMemoryServers.Group(
      members: [ClusterMember(identity: identity, address: "", role: .voter)], leader: pod, term: group.term + 1,
      configurationIndex: group.configurationIndex + 1, acknowledged: disk.lastIndex)
    changes.append("recover \(pod)")
    return nil
  }
}
