import KubernetesClient

/// Says what is still to be done for a ProgLog. Pure, and it remembers nothing: the steps follow from what is there, so
/// the operator may stop anywhere and go on from what the next one finds.
struct Planner: Sendable {
  var defaults: OperatorDefaults

  /// The steps in the order in which they are to be taken; none when everything is as the spec asks.
  func plan(_ observation: Observation) -> [Step] {
    // Kubernetes' garbage collector takes apart what we own; making things anew meanwhile would race with it.
    if observation.resource.isBeingDeleted { return [] }
    let builder: ObjectBuilder
    do {
      builder = try self.builder(for: observation.resource)
    } catch {
      return [invalid(error, observation)]
    }
    // Either all names that we need are ours or free, or nothing is touched: half a log helps nobody.
    let strangers = foreignObjects(builder, observation)
    guard strangers.isEmpty else { return strangers }

    var steps = builder.supportingObjects().compactMap { apply($0, observation) }
    steps += surplusServices(builder, observation)
    steps += claims(builder, observation)
    steps += statefulSet(builder, observation)
    steps += storage(builder, observation)
    steps += pods(builder, observation, isTemplateSettled: !steps.contains { $0.object.type == .statefulSet })
    steps += addresses(builder, observation)
    return steps
  }

  func builder(for resource: KubernetesObject) throws(InvalidSpec) -> ObjectBuilder {
    ObjectBuilder(identity: Identity(resource), spec: try ProgLogSpec(of: resource), defaults: defaults)
  }

  /// The objects that must be looked up before a plan is made: those whose absence would make us create them.
  func needed(for resource: KubernetesObject) -> [ObjectReference] {
    guard !resource.isBeingDeleted, let builder = try? builder(for: resource) else { return [] }
    return builder.supportingObjects().map(\.reference) + [builder.statefulSet(existing: nil, replicas: 1).reference]
  }

  private func invalid(_ error: InvalidSpec, _ observation: Observation) -> Step {
    Step(
      action: .refuse, object: ObjectReference(type: .progLog, name: observation.resource.name), reason: .invalidSpec,
      because: error.description)
  }

  private func foreignObjects(_ builder: ObjectBuilder, _ observation: Observation) -> [Step] {
    needed(for: observation.resource).compactMap { reference in
      guard let object = observation.objects[reference], object.controllerUID != builder.identity.uid else {
        return nil
      }
      if let owner = predecessor(of: object, builder.identity) {
        return Step(
          action: .await, object: reference, reason: .deletionPending,
          because: "it still belongs to the deleted ProgLog of the same name (uid \(owner))")
      }
      return Step(
        action: .refuse, object: reference, reason: .notOwned,
        because: "it exists and is not controlled by this ProgLog; delete or rename it, or choose another name")
    }
  }

  /// The uid of an earlier ProgLog of our name that owns the object, which the garbage collector will remove.
  func predecessor(of object: KubernetesObject, _ identity: Identity) -> String? {
    let owners = object.metadata["ownerReferences"]?.array ?? []
    let owner = owners.first {
      $0["kind"]?.string == ResourceType.progLog.kind && $0["name"]?.string == identity.name
        && $0["uid"]?.string != identity.uid
    }
    return owner?["uid"]?.string
  }

  /// The step that makes an object what it should be, nil when it is.
  func apply(_ desired: DesiredObject, _ observation: Observation) -> Step? {
    guard let observed = observation.objects[desired.reference] else {
      return Step(
        action: .create(desired), object: desired.reference, reason: .missing, because: "there is none")
    }
    if observed.isBeingDeleted {
      return Step(
        action: .create(desired), object: desired.reference, reason: .missing, because: "it is being deleted",
        heldBackBy: "the old one must be gone")
    }
    let annotation = Names.appliedAnnotation
    if observed.annotations[annotation] != desired.object.annotations[annotation] {
      return Step(
        action: .change(desired), object: desired.reference, reason: .specChanged,
        because: "the spec or the operator changed since it was last applied")
    }
    return Difference(desired: desired.object.content, observed: observed.content).map { difference in
      Step(
        action: .change(desired), object: desired.reference, reason: .drifted,
        because: "somebody else changed \(difference)")
    }
  }

  private func surplusServices(_ builder: ObjectBuilder, _ observation: Observation) -> [Step] {
    let wanted = Set(builder.supportingObjects().map(\.reference.name))
    return observation.all(.service).compactMap { service in
      guard service.controllerUID == builder.identity.uid, !wanted.contains(service.name), !service.isBeingDeleted
      else { return nil }
      return Step(
        action: .delete(uid: service.uid), object: ObjectReference(type: .service, name: service.name),
        reason: .surplus, because: "spec.replicas is \(builder.spec.replicas)")
    }
  }
}
