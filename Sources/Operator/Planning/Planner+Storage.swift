import KubernetesClient

extension Planner {
  /// Makes the claims follow `spec.storage.retention.whenDeleted`.
  func claims(_ builder: ObjectBuilder, _ observation: Observation) -> [Step] {
    (0..<builder.spec.replicas).compactMap { ordinal in
      let name = Names.claim(builder.name, ordinal)
      guard let claim = observation[.persistentVolumeClaim, name], isUsable(claim, builder) else { return nil }
      let isOwned =
        claim.metadata["ownerReferences"]?.array?.contains { $0["uid"]?.string == builder.identity.uid } ?? false
      let policy = builder.spec.storage.whenDeleted
      guard isOwned != (policy == .delete) else { return nil }
      return Step(
        action: .change(builder.claimOwnership(of: claim)),
        object: ObjectReference(type: .persistentVolumeClaim, name: name), reason: .retentionChanged,
        because: "spec.storage.retention.whenDeleted is \(policy.rawValue)")
    }
  }

  /// The step that makes the StatefulSet what it should be.
  func statefulSet(_ builder: ObjectBuilder, _ observation: Observation) -> [Step] {
    let desired = builder.statefulSet(existing: observation.statefulSet, replicas: builder.spec.replicas)
    guard var step = apply(desired, observation) else { return [] }
    if observation.statefulSet == nil, let claim = terminatingClaim(builder, observation) {
      // A pod that is made while its claim is going never gets another one: the StatefulSet controller makes claims only
      // along with pods (cloudnative-pg#10985).
      step.heldBackBy = "PersistentVolumeClaim \(claim) of an earlier ProgLog must be gone"
    }
    return [step]
  }

  /// Settings that a StatefulSet cannot change. They are reported, and everything else goes on.
  func storage(_ builder: ObjectBuilder, _ observation: Observation) -> [Step] {
    guard let template = observation.statefulSet?.spec["volumeClaimTemplates"]?.array?.first,
      let reference = observation.statefulSet.map({ ObjectReference(type: .statefulSet, name: $0.name) })
    else { return [] }
    var problems: [String] = []
    let size = template[path: "spec", "resources", "requests", "storage"]?.string ?? "unknown"
    if Quantity(size) != Quantity(builder.spec.storage.size) {
      problems.append("spec.storage.size is \(builder.spec.storage.size) but the log was made with \(size)")
    }
    // The default class may have been written in by the API server, which says nothing about the spec.
    let storageClass = template[path: "spec", "storageClassName"]?.string
    if let wanted = builder.spec.storage.storageClassName, wanted != storageClass {
      problems.append(
        "spec.storage.storageClassName is \(wanted) but the log was made with \(storageClass ?? "the default")")
    }
    return problems.map {
      Step(action: .refuse, object: reference, reason: .storageImmutable, because: "\($0), which cannot be changed")
    }
  }

  private func isUsable(_ claim: KubernetesObject, _ builder: ObjectBuilder) -> Bool {
    !claim.isBeingDeleted && predecessor(of: claim, builder.identity) == nil
  }

  private func terminatingClaim(_ builder: ObjectBuilder, _ observation: Observation) -> String? {
    (0..<builder.spec.replicas).map { Names.claim(builder.name, $0) }.first { name in
      observation[.persistentVolumeClaim, name].map { !isUsable($0, builder) } ?? false
    }
  }
}
