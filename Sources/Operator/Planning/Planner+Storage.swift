import KubernetesClient

/// The claims of the servers' volumes, which Kubernetes never changes or deletes by itself.
extension Planner {
  /// Makes the claims follow `spec.storage`: whose they are, by `retention.whenDeleted`, and their size.
  func claims(_ situation: Situation) -> [Step] {
    let builder = situation.builder
    return situation.builder.ordinals.compactMap { ordinal in
      let name = Names.claim(builder.name, ordinal)
      guard let claim = situation.observation[.persistentVolumeClaim, name], isUsable(claim, builder) else {
        return nil
      }
      let desired = builder.claim(of: claim)
      let reference = ObjectReference(type: .persistentVolumeClaim, name: name)
      if let growth = growth(of: claim, builder) {
        guard !forbidsGrowth(claim, situation) else { return nil }
        return Step(action: .change(desired), object: reference, reason: .storageGrown, because: growth)
      }
      let isOwned =
        claim.metadata["ownerReferences"]?.array?.contains { $0["uid"]?.string == builder.identity.uid } ?? false
      let policy = builder.spec.storage.whenDeleted
      guard isOwned != (policy == .delete) else { return nil }
      return Step(
        action: .change(desired), object: reference, reason: .retentionChanged,
        because: "spec.storage.retention.whenDeleted is \(policy.rawValue)")
    }
  }

  /// Claims of servers that are gone for good, by `retention.whenScaled`. A kept one is used again when the log grows, by
  /// a server that is added as if it were new (openbao-operator#341).
  func surplusClaims(_ situation: Situation) -> [Step] {
    guard situation.spec.storage.whenScaled == .delete, !situation.spec.isHibernated,
      let replicas = situation.currentReplicas
    else { return [] }
    return situation.observation.all(.persistentVolumeClaim).compactMap { claim in
      guard claim.name.hasPrefix("\(Names.dataVolume)-"), !claim.isBeingDeleted,
        claim.labels[Names.managedByLabel] == Names.fieldManager,
        let ordinal = situation.ordinal(of: String(claim.name.dropFirst(Names.dataVolume.utf8.count + 1))),
        ordinal >= max(replicas, situation.spec.replicas), isLetGo(ordinal, situation),
        situation.observation[.pod, situation.podName(ordinal)] == nil
      else { return nil }
      return Step(
        action: .delete(uid: claim.uid), object: ObjectReference(type: .persistentVolumeClaim, name: claim.name),
        reason: .scalingDown, because: "its server is gone and spec.storage.retention.whenScaled is Delete")
    }
  }

  /// The step that makes the StatefulSet what it should be.
  func statefulSet(_ situation: Situation) -> [Step] {
    let (count, reason, because) = replicas(situation)
    let desired = situation.builder.statefulSet(existing: situation.statefulSet, replicas: count)
    guard var step = apply(desired, situation.observation) else { return [] }
    if let current = situation.currentReplicas, current != count, case .change = step.action {
      step.reason = reason
      step.because = because
    }
    if (situation.currentReplicas ?? 0) < count, let claim = unusableClaim(below: count, situation) {
      // A pod that is made while its claim is going never gets another one: the StatefulSet controller makes claims only
      // along with pods (cloudnative-pg#10985).
      step.heldBackBy = "PersistentVolumeClaim \(claim), which is being deleted, must be gone"
    }
    return [step]
  }

  /// Settings that a StatefulSet cannot change: a larger volume by making it anew around its pods, the others are refused.
  func storage(_ situation: Situation, isTemplateSettled: Bool) -> [Step] {
    guard let statefulSet = situation.statefulSet,
      let template = statefulSet.spec["volumeClaimTemplates"]?.array?.first
    else { return [] }
    let storage = situation.spec.storage
    let reference = ObjectReference(type: .statefulSet, name: statefulSet.name)
    // The default class may have been written in by the API server, which says nothing about the spec.
    let storageClass = template[path: "spec", "storageClassName"]?.string
    if let wanted = storage.storageClassName, wanted != storageClass {
      // Nothing else either: a StatefulSet that is made anew would take the other class in.
      return [
        refuse(
          .storageImmutable, reference,
          because: "spec.storage.storageClassName is \(wanted) but the log was made with "
            + "\(storageClass ?? "the default"), which cannot be changed")
      ]
    }
    let size = template[path: "spec", "resources", "requests", "storage"]?.string ?? ""
    guard let wanted = Quantity(storage.size), let made = Quantity(size), wanted != made else { return [] }
    guard wanted > made else {
      return [
        refuse(
          .storageImmutable, reference,
          because: "spec.storage.size is \(storage.size) but the volumes have \(size), and a volume cannot shrink")
      ]
    }
    if let claim = ungrowable(situation) {
      return [
        refuse(
          .storageImmutable, claim,
          because: "spec.storage.size is \(storage.size) but its storage class does not allow a volume to grow "
            + "(allowVolumeExpansion)")
      ]
    }
    var step = Step(
      action: .orphan(uid: statefulSet.uid), object: reference, reason: .storageGrown,
      because: "the template of its claims still says \(size)")
    let isGrown = situation.builder.ordinals.allSatisfy { ordinal in
      let claim = situation.observation[.persistentVolumeClaim, Names.claim(situation.name, ordinal)]
      // One that is going is made anew as large as it should be.
      return claim.map { $0.isBeingDeleted || growth(of: $0, situation.builder) == nil } ?? true
    }
    if !isGrown { step.heldBackBy = "the claims must ask for \(storage.size) first" }
    if !isTemplateSettled { step.heldBackBy = "the StatefulSet must be settled first" }
    return [step]
  }

  /// Why a claim must ask for more, in a clause.
  private func growth(of claim: KubernetesObject, _ builder: ObjectBuilder) -> String? {
    let size = claim.spec[path: "resources", "requests", "storage"]?.string ?? ""
    guard let wanted = Quantity(builder.spec.storage.size), let asked = Quantity(size), wanted > asked else {
      return nil
    }
    return "spec.storage.size is \(builder.spec.storage.size) and it asks for \(size)"
  }

  private func ungrowable(_ situation: Situation) -> ObjectReference? {
    situation.builder.ordinals.lazy.map { Names.claim(situation.name, $0) }
      .compactMap { situation.observation[.persistentVolumeClaim, $0] }
      .first { growth(of: $0, situation.builder) != nil && forbidsGrowth($0, situation) }
      .map { ObjectReference(type: .persistentVolumeClaim, name: $0.name) }
  }

  /// Only what the class says: where the operator may not read it, the API server answers.
  private func forbidsGrowth(_ claim: KubernetesObject, _ situation: Situation) -> Bool {
    guard let name = claim.spec["storageClassName"]?.string,
      let storageClass = situation.observation[.storageClass, name]
    else { return false }
    return storageClass.content["allowVolumeExpansion"]?.bool != true
  }

  private func isUsable(_ claim: KubernetesObject, _ builder: ObjectBuilder) -> Bool {
    !claim.isBeingDeleted && predecessor(of: claim, builder.identity) == nil
  }

  private func unusableClaim(below count: Int, _ situation: Situation) -> String? {
    // A pod that is there has its claim; a StatefulSet that is made anew around it makes neither.
    let missing = ((situation.currentReplicas ?? 0)..<count).filter { situation.pod($0) == nil }
    return missing.map { Names.claim(situation.name, $0) }.first { name in
      situation.observation[.persistentVolumeClaim, name].map { !isUsable($0, situation.builder) } ?? false
    }
  }
}
