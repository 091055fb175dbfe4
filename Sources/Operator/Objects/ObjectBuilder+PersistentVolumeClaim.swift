import KubernetesClient

extension ObjectBuilder {
  /// The claim of each pod, made by the StatefulSet controller. Cannot be changed once the StatefulSet exists.
  func claimTemplate() -> JSONValue {
    var claim: JSONValue = [
      "accessModes": ["ReadWriteOnce"],
      "resources": ["requests": ["storage": .string(spec.storage.size)]],
    ]
    claim["storageClassName"] = spec.storage.storageClassName.map { .string($0) }
    var labels = Names.selector(name)
    labels[Names.managedByLabel] = .string(Names.fieldManager)
    return ["metadata": ["name": .string(Names.dataVolume), "labels": .object(labels)], "spec": claim]
  }

  /// What we say about a claim: how much it asks for, and whether it goes when the ProgLog goes. An owner reference lets
  /// Kubernetes' garbage collector do that, also while no operator runs; applying without one gives up ours and leaves those of
  /// others. The size is always named: what an apply no longer names it takes away.
  func claim(of claim: KubernetesObject) -> DesiredObject {
    let type = ResourceType.persistentVolumeClaim
    var metadata: JSONValue = [
      "name": .string(claim.name), "namespace": .string(claim.namespace),
      // This very claim: applying to one that is gone would otherwise try to create it.
      "uid": .string(claim.uid),
    ]
    if spec.storage.whenDeleted == .delete {
      metadata["ownerReferences"] = [identity.ownerReference(isController: false)]
    }
    let asked = claim.spec[path: "resources", "requests", "storage"]?.string ?? spec.storage.size
    // A volume cannot shrink.
    let isGrowing = (Quantity(spec.storage.size).flatMap { wanted in Quantity(asked).map { wanted > $0 } }) ?? false
    let size = isGrowing ? spec.storage.size : asked
    return DesiredObject(
      type: type,
      object: KubernetesObject([
        "apiVersion": .string(type.apiVersion), "kind": .string(type.kind), "metadata": metadata,
        "spec": ["resources": ["requests": ["storage": .string(size)]]],
      ]))
  }
}
