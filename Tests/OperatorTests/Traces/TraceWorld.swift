import KubernetesClient
import ProgLogClient
import TestSupport

@testable import Operator

/// A log and what it runs on, as a value: the objects that cost records when they are handled wrongly, the servers in the pods as
/// a Raft cluster is seen from outside, and what was done to both. Time goes in steps of a second.
struct TraceWorld {
  typealias Objects = [ResourceType: [String: KubernetesObject]]

  /// What runs in a pod.
  struct Process {
    /// Nil: its image cannot be had, or no node takes it.
    var startsAt: Int64?
    /// Of the container; later than now after a crash.
    var isUpFrom: Int64 = 0
    var failsProbe = false
    /// Of a pod that is being deleted.
    var endsAt: Int64?
    /// Whoever leads finds out about an end a moment later.
    var seenUpAt: Int64 = -10
  }

  /// What a volume holds.
  struct Disk {
    var incarnation: String
    var clusterID: String?
    var lastIndex: UInt64 = 0
    /// Entries a second that it takes; nil: as they come.
    var rate: UInt64?
    var members: [ClusterMember] = []
    var configurationIndex: UInt64 = 0
  }

  struct Raft {
    /// In force, committed or not (thesis §4.1).
    var members: [ClusterMember]
    var committed: [ClusterMember]
    var configurationIndex: UInt64 = 1
    /// When the change in flight can be committed; nil: there is none.
    var commitsAt: Int64?
    var leader: NodeIdentity?
    var term: UInt64 = 1
    var lastIndex: UInt64 = 1
    /// Clients were told of entries up to here.
    var acknowledged: UInt64 = 1
    var transfer: (to: NodeIdentity, at: Int64)?

    var voters: [ClusterMember] { members.filter { $0.role == .voter } }
    var quorum: Int { voters.count / 2 + 1 }
  }

  static let name = "log"
  static let identity = ObjectKey(namespace: "default", name: name)

  var random: SeededGenerator
  var time: Int64 = 0
  var objects: Objects = [.progLog: [:], .statefulSet: [:], .pod: [:], .persistentVolumeClaim: [:]]
  var revision: Int64 = 100
  /// The revision of the last change of each type.
  var versions: [ResourceType: Int64] = [:]
  /// By the uids of pods.
  var processes: [String: Process] = [:]
  /// By the uids of claims.
  var disks: [String: Disk] = [:]
  var raft: Raft?
  /// Pods whose servers run and do not answer the operator.
  var mute: Set<String> = []
  /// Requests that take effect later than their answer, or than the lack of one.
  var delayed: [(at: Int64, request: TraceRequest)] = []
  var bootstraps = 0
  /// Counts what others did that the operator cannot have known of: what it decided before is not held against it.
  var disturbances = 0
  /// Volumes were lost, so entries may be.
  var hasLostVolumes = false

  var violations: [String] = []
  var transcript: [String] = []
  let isVerbose: Bool

  init(seed: UInt64, isVerbose: Bool = false) {
    random = SeededGenerator(seed: seed)
    self.isVerbose = isVerbose
    let replicas: JSONValue = [1, 3, 3, 5].randomElement(using: &random) ?? 3
    put(
      .progLog, Self.name,
      ["spec": ["replicas": replicas, "image": "logd:1", "tls": ["mode": "Disabled"], "storage": ["size": "1Gi"]]])
  }

  mutating func tell(_ text: @autoclosure () -> String) {
    if isVerbose { transcript.append("\(time)s \(text())") }
  }

  mutating func violate(_ text: String) {
    violations.append(text)
    tell("VIOLATION: \(text)")
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  // MARK: Objects

  subscript(type: ResourceType, name: String) -> KubernetesObject? { objects[type]?[name] }

  var progLog: KubernetesObject { self[.progLog, Self.name] ?? KubernetesObject([:]) }
  var statefulSet: KubernetesObject? { self[.statefulSet, Self.name] }
  var pods: [KubernetesObject] { (objects[.pod] ?? [:]).values.sorted { $0.name < $1.name } }
  var spec: ProgLogSpec { (try? ProgLogSpec(of: progLog)) ?? ProgLogSpec() }

  @discardableResult
  mutating func put(_ type: ResourceType, _ name: String, _ content: JSONValue) -> KubernetesObject {
    let old = self[type, name]
    if let old, old.content == content { return old }
    revision += 1
    var object = KubernetesObject(content)
    var metadata = object.metadata
    metadata["name"] = .string(name)
    metadata["namespace"] = .string(Self.identity.namespace)
    metadata["uid"] = .string(old?.uid ?? "uid-\(revision)")
    metadata["resourceVersion"] = .string("\(revision)")
    metadata["generation"] = .integer(old.map { $0.spec == object.spec ? $0.generation : $0.generation + 1 } ?? 1)
    object.content["metadata"] = metadata
    objects[type]?[name] = object
    versions[type] = revision
    return object
  }

  mutating func edit(_ type: ResourceType, _ name: String, _ change: (inout JSONValue) -> Void) {
    guard var content = self[type, name]?.content else { return }
    change(&content)
    put(type, name, content)
  }

  mutating func remove(_ type: ResourceType, _ name: String) {
    objects[type]?[name] = nil
    revision += 1
    versions[type] = revision
  }

  mutating func markDeleted(_ type: ResourceType, _ name: String) {
    edit(type, name) { $0["metadata"]?["deletionTimestamp"] = "now" }
  }

  /// As its node or a person, at once or with the time that it takes to stop.
  mutating func deletePod(_ name: String, grace: Int64) {
    guard let pod = self[.pod, name], !pod.isBeingDeleted || grace == 0 else { return }
    if grace == 0 {
      remove(.pod, name)
      processes[pod.uid] = nil
    } else {
      markDeleted(.pod, name)
      processes[pod.uid]?.endsAt = time + grace
    }
  }

  // MARK: Who runs

  func isUp(_ pod: KubernetesObject) -> Bool {
    guard !pod.isBeingDeleted, pod.status["phase"]?.string == "Running", let process = processes[pod.uid] else {
      return false
    }
    return process.isUpFrom <= time
  }

  func claim(ofPod pod: String) -> KubernetesObject? { self[.persistentVolumeClaim, "\(Names.dataVolume)-\(pod)"] }

  /// The uid of the claim of a server that runs.
  func disk(ofRunning pod: String) -> String? {
    guard let object = self[.pod, pod], isUp(object) else { return nil }
    return claim(ofPod: pod)?.uid
  }

  func isLive(_ identity: NodeIdentity) -> Bool {
    disk(ofRunning: identity.name).flatMap { disks[$0] }?.incarnation == identity.incarnation
  }

  func isCaughtUp(_ member: ClusterMember) -> Bool {
    guard let raft, isLive(member.identity), let disk = disk(ofRunning: member.identity.name).flatMap({ disks[$0] })
    else { return false }
    return disk.lastIndex + ClusterState.caughtUpLag >= raft.lastIndex
  }

  /// Voters in force that run and have what matters, but for some.
  func caughtUp(without name: String? = nil) -> Int {
    raft?.voters.count { $0.identity.name != name && isCaughtUp($0) } ?? 0
  }
}
