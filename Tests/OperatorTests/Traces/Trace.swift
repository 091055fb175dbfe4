import KubernetesClient
import ProgLogClient

@testable import Operator

/// One run from a seed: things go wrong for a while, then all is healed and the plan must come to its end.
struct Trace {
  /// Seconds in which things go wrong.
  static let troubled = 70
  /// Passes in which nine servers can be exchanged, one after the other, with room to spare.
  static let healed = 150

  let seed: UInt64
  var mistake: TraceMistake?
  /// Names with two digits, which the API allows no more.
  var isWide = false
  var isVerbose = false

  func run() -> TraceWorld {
    var world = TraceWorld(seed: seed, isVerbose: isVerbose)
    if isWide { world.makeWide() }
    var history = TraceHistory()
    let faults = TraceFaults(&world)
    var subject = TraceOperator(world, mistake: mistake)
    world.tell("faults \(faults)")
    for second in 0..<Self.troubled where world.violations.isEmpty {
      tick(&world, &history)
      // It comes to life first, or does not.
      if second > 15 || second % 3 == 2, world.chance(faults.percent) { faults.strike(&world) }
      if faults.has(.restartedOperator), world.chance(2) {
        world.tell("the operator is restarted")
        subject = TraceOperator(world, mistake: mistake)
      }
      guard world.chance(60) else { continue }
      subject.sync(history, &world, faults)
      if !subject.pass(&world, faults) {
        world.tell("the operator dies")
        subject = TraceOperator(world, mistake: mistake)
      }
    }
    if world.violations.isEmpty { converge(&world, &history, &subject) }
    return world
  }

  private func tick(_ world: inout TraceWorld, _ history: inout TraceHistory) {
    history.record(world)
    world.time += 1
    let due = world.delayed.filter { $0.at <= world.time }
    world.delayed.removeAll { $0.at <= world.time }
    for entry in due { _ = world.carryOut(entry.request) }
    world.runControllers()
    world.runServers()
  }

  private func converge(_ world: inout TraceWorld, _ history: inout TraceHistory, _ subject: inout TraceOperator) {
    TraceFaults.heal(&world)
    var quiet = 0
    for _ in 0..<Self.healed where world.violations.isEmpty {
      for _ in 0..<3 { tick(&world, &history) }
      subject.sync(history, &world, nil)
      _ = subject.pass(&world, nil)
      quiet = subject.left.allSatisfy(\.isRefused) || world.isBeyondHelp ? quiet + 1 : 0
      if quiet == 3 { break }
    }
    guard world.violations.isEmpty else { return }
    for problem in world.unfinished(subject.left) { world.violate(problem) }
  }
}

extension TraceWorld {
  /// Twelve servers that are settled, of which the spec keeps nine.
  mutating func makeWide() {
    edit(.progLog, Self.name) { $0["spec"]?["replicas"] = 9 }
    let planner = Planner(defaults: OperatorDefaults(image: "logd:1"))
    guard let situation = try? planner.situation(Observation(resource: progLog)) else { return }
    let set = situation.builder.statefulSet(existing: nil, replicas: 12)
    put(.statefulSet, Self.name, set.object.content)
    for _ in 0..<12 {
      time += 1
      runControllers()
    }
    let members = (0..<12).compactMap { ordinal -> ClusterMember? in
      let name = Names.pod(Self.name, ordinal)
      guard let uid = claim(ofPod: name)?.uid, let disk = disks[uid] else { return nil }
      disks[uid]?.clusterID = "c"
      disks[uid]?.lastIndex = 1
      return ClusterMember(
        identity: NodeIdentity(name: name, incarnation: disk.incarnation), address: "", role: .voter)
    }
    raft = Raft(members: members, committed: members)
    bootstraps = 1
    for uid in disks.keys { disks[uid]?.members = members }
  }

  /// What a plan should have brought about and has not; what only a person can decide is none of it.
  func unfinished(_ left: [Step]) -> [String] {
    let refused = left.filter(\.isRefused)
    if isBeyondHelp { return [] }
    let unjustified = refused.filter { !isJustified($0) }
    guard unjustified.isEmpty else { return ["refused for no reason: \(unjustified)"] }
    // What is held back beside a refusal waits for the same person.
    guard left.isEmpty || !refused.isEmpty && !left.contains(where: \.isExecutable) else {
      return ["never done: \(left)"]
    }
    guard refused.isEmpty else { return [] }
    let spec = spec
    let wanted = spec.isHibernated ? 0 : spec.replicas
    var problems: [String] = []
    if statefulSet?.spec["replicas"]?.integer != Int64(wanted) { problems.append("the StatefulSet has another size") }
    if pods.map(\.name).sorted() != (0..<wanted).map({ Names.pod(Self.name, $0) }).sorted() {
      problems.append("there are other pods: \(pods.map(\.name))")
    }
    if let image = spec.image, pods.contains(where: { $0.spec["image"]?.string != image || !$0.isReady }) {
      problems.append("a pod is of an older template, or not ready")
    }
    let voters = (raft?.voters ?? []).map(\.identity.name).sorted()
    if !spec.isHibernated, voters != pods.map(\.name).sorted() || raft?.members.count != voters.count {
      problems.append("others vote: \(voters)")
    }
    for (name, claim) in objects[.persistentVolumeClaim] ?? [:] {
      guard let ordinal = Names.ordinal(String(name.dropFirst(5)), of: Self.name) else { continue }
      let size = claim.spec[path: "resources", "requests", "storage"]?.string
      if ordinal < wanted, size != spec.storage.size, !claim.isBeingDeleted {
        problems.append("\(name) asks for \(size ?? "nothing")")
      }
      if !spec.isHibernated, ordinal >= wanted, spec.storage.whenScaled == .delete {
        problems.append("\(name) is left")
      }
    }
    return problems
  }

  /// A quorum's volumes are lost: without a person's consent nothing more can be done.
  var isBeyondHelp: Bool {
    guard let raft, hasLostVolumes else { return false }
    let lives = Set((objects[.persistentVolumeClaim] ?? [:]).values.compactMap { disks[$0.uid]?.incarnation })
    return raft.voters.count { lives.contains($0.identity.incarnation) } < raft.quorum
  }

  private func isJustified(_ step: Step) -> Bool {
    switch step.reason {
    case .clusterLost: hasLostVolumes
    // Nothing had been begun when the spec became smaller.
    case .staleClaims: bootstraps == 0
    default: false
    }
  }
}
