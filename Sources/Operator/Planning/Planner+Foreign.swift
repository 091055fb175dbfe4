import KubernetesClient

extension Planner {
  /// Objects on which the plan depends and which no cache holds: Secrets and ConfigMaps that the spec names, the classes of
  /// volumes, and monitors of pods, for an informer of what we may not list never ends its first list.
  func foreign(_ situation: Situation) -> [ObjectReference] {
    let (spec, observation) = (situation.spec, situation.observation)
    var references = situation.builder.foreignSecrets
    if let name = spec.acl.configMap { references.append(ObjectReference(type: .configMap, name: name)) }
    if observation.capabilities.hasPodMonitors {
      references.append(ObjectReference(type: .podMonitor, name: Names.podMonitor(observation.resource.name)))
    }
    let size = Quantity(spec.storage.size)
    let growing = observation.all(.persistentVolumeClaim).filter { claim in
      Quantity(claim.spec[path: "resources", "requests", "storage"]?.string ?? "") != size
    }
    let classes = Set(growing.compactMap { $0.spec["storageClassName"]?.string })
    return references + classes.sorted().map { ObjectReference(type: .storageClass, name: $0) }
  }
}
