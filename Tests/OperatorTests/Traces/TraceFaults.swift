import KubernetesClient
import ProgLogClient

@testable import Operator

/// What goes wrong in one trace, and how often: some kinds only, so that one does not hide what another would show.
struct TraceFaults {
  enum Kind: CaseIterable {
    case replicas, image, hibernation, growth, retention, pause
    case crash, eviction, unready, lostNode, deletedClaim, mute, slow, leaderMoves, leaderLost, burst
    case staleCaches, lostRequests, lostAnswers, lateRequests, doubledRequests, restartedOperator, eventsWithinAPass
  }

  var kinds: Set<Kind>
  /// Of a second in which something of these kinds happens.
  var percent: Int
  /// What caches may lag behind, in seconds.
  var staleness: Int64

  init(_ world: inout TraceWorld) {
    kinds = Set(Kind.allCases.filter { _ in Bool.random(using: &world.random) })
    percent = Int.random(in: 2...15, using: &world.random)
    staleness = [3, 15, 60].randomElement(using: &world.random) ?? 60
  }

  func has(_ kind: Kind) -> Bool { kinds.contains(kind) }

  /// One thing happens.
  func strike(_ world: inout TraceWorld) {
    let struck = Kind.allCases.filter(kinds.contains)
    guard let kind = struck.randomElement(using: &world.random) else { return }
    strike(kind, &world)
  }

  private func strike(_ kind: Kind, _ world: inout TraceWorld) {
    let pods = world.pods
    let victim = pods.randomElement(using: &world.random)
    switch kind {
    case .replicas, .image, .hibernation, .growth, .retention, .pause: changeSpec(kind, &world)
    case .crash:
      guard let victim else { return }
      world.processes[victim.uid]?.isUpFrom = world.time + Int64.random(in: 1...8, using: &world.random)
    case .eviction:
      guard let victim else { return }
      if world.chance(50) {
        world.deletePod(victim.name, grace: 0)
      } else {
        world.edit(.pod, victim.name) { $0["status"]?["phase"] = "Failed" }
      }
    case .unready:
      guard let victim else { return }
      world.processes[victim.uid]?.failsProbe.toggle()
    case .lostNode, .deletedClaim:
      guard let victim, world.chance(25) else { return }
      world.hasLostVolumes = true
      world.markDeleted(.persistentVolumeClaim, "data-\(victim.name)")
      if kind == .lostNode { world.deletePod(victim.name, grace: 0) }
    case .mute:
      guard let victim else { return }
      world.mute.formSymmetricDifference([victim.name])
    case .slow:
      guard let uid = victim.flatMap({ world.claim(ofPod: $0.name)?.uid }) else { return }
      let rate = UInt64.random(in: 0...60, using: &world.random)
      let isSlow = world.disks[uid]?.rate != nil
      world.disks[uid]?.rate = isSlow ? nil : rate
    case .leaderMoves:
      let next = world.raft?.voters.filter { world.isCaughtUp($0) }.randomElement(using: &world.random)
      guard world.raft?.leader != nil, world.raft?.transfer == nil, let next else { return }
      world.raft?.leader = next.identity
      world.raft?.term += 1
      if let uid = world.disk(ofRunning: next.identity.name), let last = world.raft?.lastIndex {
        world.disks[uid]?.lastIndex = last
      }
    case .leaderLost:
      guard let leader = world.raft?.leader, let pod = world[.pod, leader.name] else { return }
      world.processes[pod.uid]?.isUpFrom = world.time + 3
    case .burst:
      guard world.raft?.leader != nil else { return }
      world.raft?.lastIndex += 3000
      if let uid = world.raft?.leader.flatMap({ world.disk(ofRunning: $0.name) }), let last = world.raft?.lastIndex {
        world.disks[uid]?.lastIndex = last
      }
    case .staleCaches, .lostRequests, .lostAnswers, .lateRequests, .doubledRequests, .restartedOperator,
      .eventsWithinAPass:
      return
    }
    world.disturbances += 1
    world.tell("fault \(kind) \(victim?.name ?? "")")
  }

  private func changeSpec(_ kind: Kind, _ world: inout TraceWorld) {
    let spec = world.spec
    func pick(_ values: [JSONValue]) -> JSONValue { values.randomElement(using: &world.random) ?? nil }
    switch kind {
    case .replicas:
      let replicas = pick([1, 3, 3, 5, 7, 9])
      world.edit(.progLog, "log") { $0["spec"]?["replicas"] = replicas }
    case .image:
      let image = pick(["logd:1", "logd:2", "logd:bad"])
      world.edit(.progLog, "log") { $0["spec"]?["image"] = image }
    case .hibernation: world.edit(.progLog, "log") { $0["spec"]?["hibernated"] = .bool(!spec.isHibernated) }
    case .growth:
      let grown = ["1Gi": "2Gi", "2Gi": "3Gi"][spec.storage.size] ?? "3Gi"
      world.edit(.progLog, "log") { $0["spec"]?["storage"]?["size"] = .string(grown) }
    case .retention:
      let retention: JSONValue = [
        "whenScaled": pick(["Retain", "Delete"]), "whenDeleted": pick(["Retain", "Delete"]),
      ]
      world.edit(.progLog, "log") { $0["spec"]?["storage"]?["retention"] = retention }
    default:
      let isPaused = world.progLog.annotations[Names.pausedAnnotation] == "true"
      world.edit(.progLog, "log") {
        $0["metadata"]?["annotations"] = [Names.pausedAnnotation: isPaused ? "false" : "true"]
      }
    }
  }

  /// Everything works again, and the spec asks for something that can be had.
  static func heal(_ world: inout TraceWorld) {
    world.tell("all is healed")
    world.mute = []
    for uid in world.disks.keys { world.disks[uid]?.rate = nil }
    for pod in world.pods { world.processes[pod.uid]?.failsProbe = false }
    let isBad = world.spec.image?.hasSuffix("bad") ?? false
    world.edit(.progLog, "log") { content in
      if isBad { content["spec"]?["image"] = "logd:2" }
      content["metadata"]?["annotations"] = nil
    }
    world.disturbances += 1
  }
}
