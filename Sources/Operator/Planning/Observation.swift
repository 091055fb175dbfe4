import KubernetesClient
import ProgLogClient

/// What is known of one ProgLog and its objects at one moment; all that a plan may depend on.
struct Observation: Sendable, Hashable {
  var resource: KubernetesObject
  /// Every object that has a name which we need, ours or not, and every object that bears the ProgLog's labels.
  var objects: [ObjectReference: KubernetesObject] = [:]
  /// What the server in each pod answered, by the pod's name. A pod that is not here was not asked: it does not run.
  var answers: [String: MemberAnswer] = [:]
  /// In seconds since 1970; certificates end at some time.
  var time: Int64 = 0
  /// What the API server can do.
  var capabilities = Capabilities()

  var identity: Identity { Identity(resource) }

  subscript(type: ResourceType, name: String) -> KubernetesObject? {
    get { objects[ObjectReference(type: type, name: name)] }
    set { objects[ObjectReference(type: type, name: name)] = newValue }
  }

  func all(_ type: ResourceType) -> [KubernetesObject] {
    objects.filter { $0.key.type == type }.values.sorted { $0.name < $1.name }
  }

  var statefulSet: KubernetesObject? { self[.statefulSet, Names.statefulSet(resource.name)] }

  /// Pods that are or were made by our StatefulSet. One without a controller is being handed from one StatefulSet to the next.
  var pods: [KubernetesObject] {
    all(.pod).filter { pod in
      Names.ordinal(pod.name, of: resource.name) != nil && isOurs(pod)
    }
  }

  func pod(_ ordinal: Int) -> KubernetesObject? {
    guard let pod = self[.pod, Names.pod(resource.name, ordinal)], isOurs(pod) else { return nil }
    return pod
  }

  private func isOurs(_ pod: KubernetesObject) -> Bool {
    guard let owner = pod.controllerUID else { return pod.labels[Names.instanceLabel] == resource.name }
    return owner == statefulSet?.uid
  }
}

/// What a server says of itself and of its cluster, or why it says nothing.
enum MemberAnswer: Sendable, Hashable {
  case report(NodeReport)
  case silent(String)

  var report: NodeReport? { if case .report(let report) = self { report } else { nil } }
}

/// What API discovery found, where versions of Kubernetes differ.
struct Capabilities: Sendable, Hashable {
  /// `policy/v1` from 1.21, `policy/v1beta1` before; nil: the cluster has no disruption budgets.
  var disruptionBudget: ResourceType? = .disruptionBudget
  /// `unhealthyPodEvictionPolicy` of disruption budgets: 1.27 and later.
  var hasUnhealthyPodEviction = true
  /// The Prometheus operator's.
  var hasPodMonitors = false
}

extension KubernetesObject {
  /// The status of one of its conditions: `True`, `False` or `Unknown`.
  func condition(_ type: String) -> JSONValue? {
    status["conditions"]?.array?.first { $0["type"]?.string == type }
  }

  /// As RFC 3339.
  var creationTime: String? { metadata["creationTimestamp"]?.string }

  var isReady: Bool { !isBeingDeleted && condition("Ready")?["status"]?.string == "True" }
}
