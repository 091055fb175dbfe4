import KubernetesClient

/// What is known of one ProgLog and its objects at one moment; all that a plan may depend on.
struct Observation: Sendable, Hashable {
  var resource: KubernetesObject
  /// Every object that has a name which we need, ours or not, and every object that bears the ProgLog's labels.
  var objects: [ObjectReference: KubernetesObject] = [:]

  var identity: Identity { Identity(resource) }

  subscript(type: ResourceType, name: String) -> KubernetesObject? {
    get { objects[ObjectReference(type: type, name: name)] }
    set { objects[ObjectReference(type: type, name: name)] = newValue }
  }

  func all(_ type: ResourceType) -> [KubernetesObject] {
    objects.filter { $0.key.type == type }.values.sorted { $0.name < $1.name }
  }

  var statefulSet: KubernetesObject? { self[.statefulSet, Names.statefulSet(resource.name)] }

  func pod(_ ordinal: Int) -> KubernetesObject? {
    guard let pod = self[.pod, Names.pod(resource.name, ordinal)], let statefulSet,
      pod.controllerUID == statefulSet.uid
    else { return nil }
    return pod
  }
}

extension KubernetesObject {
  /// The status of one of its conditions: `True`, `False` or `Unknown`.
  func condition(_ type: String) -> JSONValue? {
    status["conditions"]?.array?.first { $0["type"]?.string == type }
  }

  var isReady: Bool { !isBeingDeleted && condition("Ready")?["status"]?.string == "True" }
}
