import KubernetesClient
import ProgLogClient

@testable import Operator

/// The servers among themselves. Who votes for whom is not played: a quorum of the voters that runs elects whoever has most.
extension TraceWorld {
  mutating func runServers() {
    guard raft != nil else { return }
    elect()
    replicate()
    commit()
    transfer()
  }

  private mutating func elect() {
    guard var raft else { return }
    let live = raft.voters.filter { isLive($0.identity) }
    if let leader = raft.leader, !isLive(leader) || live.count < raft.quorum {
      raft.leader = nil
      raft.transfer = nil
      disturbances += 1
      // What the next leader does not have of a change is as if it had never been.
      if raft.commitsAt != nil, chance(50) {
        raft.members = raft.committed
        raft.commitsAt = nil
        raft.configurationIndex += 1
      }
      tell("the leader \(leader.name) is lost")
    }
    self.raft = raft
    guard raft.leader == nil, chance(60) else { return }
    let able = raft.voters.filter { isLive($0.identity) }
    guard able.count >= raft.quorum else { return }
    let most = able.map(lastIndex).max() ?? 0
    guard let next = able.filter({ lastIndex($0) == most }).randomElement(using: &random) else { return }
    raft.leader = next.identity
    raft.term += 1
    raft.lastIndex = most
    disturbances += 1
    if most < raft.acknowledged {
      if !hasLostVolumes { violate("\(next.identity.name) leads without entries that clients were told of") }
      raft.acknowledged = most
    }
    self.raft = raft
    tell("\(next.identity.name) leads in term \(raft.term) from entry \(most)")
  }

  func lastIndex(_ member: ClusterMember) -> UInt64 {
    guard isLive(member.identity) else { return 0 }
    return disk(ofRunning: member.identity.name).flatMap { disks[$0] }?.lastIndex ?? 0
  }

  private mutating func replicate() {
    guard var raft, let leader = raft.leader, let own = disk(ofRunning: leader.name) else { return }
    raft.lastIndex += UInt64.random(in: 0...40, using: &random)
    for member in raft.members where isLive(member.identity) {
      guard let uid = disk(ofRunning: member.identity.name), var disk = disks[uid] else { continue }
      let lag = raft.lastIndex - min(raft.lastIndex, disk.lastIndex)
      disk.lastIndex = min(raft.lastIndex, disk.lastIndex) + (uid == own ? lag : min(lag, disk.rate ?? 5000))
      // Entries tell who is a member, and to a new one of which cluster.
      disk.clusterID = disk.clusterID ?? disks[own]?.clusterID
      if disk.lastIndex == raft.lastIndex {
        (disk.members, disk.configurationIndex) = (raft.members, raft.configurationIndex)
      }
      disks[uid] = disk
    }
    let matched = raft.voters.map(lastIndex).sorted(by: >)
    if matched.count >= raft.quorum { raft.acknowledged = max(raft.acknowledged, matched[raft.quorum - 1]) }
    self.raft = raft
  }

  private mutating func commit() {
    guard var raft, raft.leader != nil, let at = raft.commitsAt, at <= time, caughtUp() >= raft.quorum else { return }
    raft.committed = raft.members
    raft.commitsAt = nil
    self.raft = raft
  }

  private mutating func transfer() {
    guard var raft, let (target, at) = raft.transfer, at <= time else { return }
    raft.transfer = nil
    let stillVotes = raft.voters.contains { $0.identity == target }
    if stillVotes, isLive(target), chance(80) {
      raft.leader = target
      raft.term += 1
      disturbances += 1
      // The old leader has brought it up to date before it lets go.
      if let uid = disk(ofRunning: target.name) { disks[uid]?.lastIndex = raft.lastIndex }
    }
    self.raft = raft
  }

  // MARK: What they say

  func answer(of pod: KubernetesObject) -> MemberAnswer {
    // The address of a pod that is gone is nobody's.
    guard let uid = disk(ofRunning: pod.name), self[.pod, pod.name]?.uid == pod.uid, let disk = disks[uid] else {
      return .silent("connection refused")
    }
    guard !mute.contains(pod.name) else { return .silent("no answer within 2 seconds") }
    var report = NodeReport(
      identity: NodeIdentity(name: pod.name, incarnation: disk.incarnation), address: "\(pod.name):8400")
    report.clusterID = disk.clusterID
    guard disk.clusterID != nil, let raft else { return .report(report) }
    report.term = raft.term
    report.lastIndex = disk.lastIndex
    report.flushedIndex = disk.lastIndex
    report.commitIndex = min(disk.lastIndex, raft.acknowledged)
    report.leaderName = raft.leader?.name
    report.members = disk.members
    report.configurationIndex = disk.configurationIndex
    report.isConfigurationCommitted = true
    guard raft.leader == report.identity else { return .report(report) }
    report.state = .leader
    report.members = raft.members.map { asSeenByLeader($0, raft) }.sorted { $0.identity.name < $1.identity.name }
    report.configurationIndex = raft.configurationIndex
    report.isConfigurationCommitted = raft.commitsAt == nil
    report.transferTarget = raft.transfer?.to.name
    return .report(report)
  }

  private func asSeenByLeader(_ member: ClusterMember, _ raft: Raft) -> ClusterMember {
    var member = member
    member.isLeader = member.identity == raft.leader
    let pod = self[.pod, member.identity.name]
    let disk = claim(ofPod: member.identity.name).flatMap { disks[$0.uid] }
    let isSame = disk?.incarnation == member.identity.incarnation
    let matched = isSame ? min(disk?.lastIndex ?? 0, raft.lastIndex) : 0
    // An end shows only after an election time-out.
    let seen = pod.flatMap { processes[$0.uid]?.seenUpAt } ?? -10
    let isActive = isSame && seen >= time - 1
    member.progress = MemberProgress(
      matchIndex: matched, lag: raft.lastIndex - matched, inflightBytes: 0, isActive: isActive,
      isReplicating: isActive && matched > 0)
    return member
  }
}
