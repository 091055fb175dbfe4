import KubernetesClient
import ProgLogClient

/// An observation, read once for all parts of a plan.
struct Situation {
  let builder: ObjectBuilder
  let observation: Observation
  let cluster: ClusterState
  /// Why the ConfigMap that `spec.acl.configMap` names is not used.
  var accessFault: AccessFault?

  enum AccessFault: Hashable {
    /// It is not there, or lacks a file.
    case missing
    /// With the place and what to do about it.
    case invalid(String)
  }

  var spec: ProgLogSpec { builder.spec }
  var name: String { builder.name }
  var statefulSet: KubernetesObject? { observation.statefulSet }
  /// Pods that the spec keeps.
  var wanted: Range<Int> { 0..<spec.replicas }

  func pod(_ ordinal: Int) -> KubernetesObject? { observation.pod(ordinal) }
  func podName(_ ordinal: Int) -> String { Names.pod(name, ordinal) }
  func ordinal(of pod: String) -> Int? { Names.ordinal(pod, of: name) }

  func reference(pod ordinal: Int) -> ObjectReference { reference(pod: podName(ordinal)) }
  func reference(pod name: String) -> ObjectReference { ObjectReference(type: .pod, name: name) }

  /// One more than the highest ordinal that a member has: so many pods there must be, whatever the spec says. Without an answer
  /// it is what the status remembers, and the pods that are there.
  var memberCeiling: Int {
    let known = cluster.members.isEmpty ? recordedMembers : cluster.members.map(\.identity.name)
    let pods = statefulSet == nil ? observation.all(.pod).map(\.name) : []
    return (known + pods).compactMap { ordinal(of: $0) }.max().map { $0 + 1 } ?? 0
  }

  private var recordedMembers: [String] {
    (observation.resource.status["members"]?.array ?? []).filter { $0["role"]?.string != nil }
      .compactMap { $0["name"]?.string }
  }

  /// The cluster that this log is known to be in, from the servers or from an earlier pass.
  var recordedClusterID: String? { observation.resource.status["clusterID"]?.string }

  /// On which server, with which volume, the log was to begin.
  var recordedFirstMember: NodeIdentity? {
    let first = observation.resource.status["firstMember"]
    guard let name = first?["name"]?.string, let incarnation = first?["incarnation"]?.string else { return nil }
    return NodeIdentity(name: name, incarnation: incarnation)
  }

  /// Of the StatefulSet; nil when there is none.
  var currentReplicas: Int? { statefulSet.map { Int($0.spec["replicas"]?.integer ?? 1) } }
}
