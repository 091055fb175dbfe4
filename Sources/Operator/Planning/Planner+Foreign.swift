import KubernetesClient

extension Planner {
  /// Objects of others on which the plan depends and which no cache holds: Secrets and ConfigMaps that the spec names, and the
  /// classes of the volumes.
  func foreign(_ spec: ProgLogSpec, _ observation: Observation) -> [ObjectReference] {
    var references: [ObjectReference] = []
    if let name = spec.acl.configMap { references.append(ObjectReference(type: .configMap, name: name)) }
    if let builder = try? situation(observation).builder { references += foreignSecrets(builder) }
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
