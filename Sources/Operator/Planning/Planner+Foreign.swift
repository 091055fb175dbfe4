import KubernetesClient

extension Planner {
  /// Objects of others on which the plan depends and which no cache holds: Secrets and ConfigMaps that the spec names, and the
  /// classes of the volumes.
  func foreign(_ spec: ProgLogSpec, _ observation: Observation) -> [ObjectReference] {
    var references: [ObjectReference] = []
    if let name = spec.acl.configMap { references.append(ObjectReference(type: .configMap, name: name)) }
    if spec.tls.mode == .secrets {
      if let name = spec.tls.adminSecret { references.append(ObjectReference(type: .secret, name: name)) }
      if let prefix = spec.tls.secretPrefix {
        let present = Int(observation.statefulSet?.spec["replicas"]?.integer ?? 0)
        references += (0..<max(spec.replicas, present)).map {
          ObjectReference(type: .secret, name: "\(prefix)-\($0)")
        }
      }
    }
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
