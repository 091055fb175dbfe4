import KubernetesClient
import ProgLogClient

/// Says what is still to be done for a ProgLog. Pure, and it remembers nothing: the steps follow from what is there, so
/// the operator may stop anywhere and go on from what the next one finds.
struct Planner: Sendable {
  var defaults: OperatorDefaults

  /// Reads an observation, once for all that follows.
  func assess(_ observation: Observation) -> Assessment {
    Assessment(
      observation: observation,
      contents: Result { () throws(InvalidSpec) in Assessment.Contents(try situation(observation)) })
  }

  /// The steps in the order in which they are to be taken; none when everything is as the spec asks.
  func plan(_ assessment: Assessment) -> [Step] {
    // Kubernetes' garbage collector takes apart what we own; making things anew meanwhile would race with it.
    if assessment.observation.resource.isBeingDeleted { return [] }
    let contents: Assessment.Contents
    switch assessment.contents {
    case .success(let valid): contents = valid
    case .failure(let error): return [invalid(error, assessment.observation)]
    }
    // Either all names that we need are ours or free, or nothing is touched: half a log helps nobody.
    let strangers = foreignObjects(contents)
    guard strangers.isEmpty else { return strangers }
    let steps = converge(contents)
    guard assessment.observation.resource.annotations[Names.pausedAnnotation] == "true" else { return steps }
    return steps.map(paused)
  }

  private func converge(_ contents: Assessment.Contents) -> [Step] {
    let situation = contents.situation
    // Pods cannot start before the Secrets and the ConfigMap that they mount.
    var steps = contents.certificates.steps
    steps += contents.supporting.compactMap { apply($0, situation.observation) }
    steps += surplusObjects(contents)
    steps += servers(situation)
    steps += addresses(situation)
    steps += modes(situation) + accessSource(situation)
    return steps
  }

  /// Volumes, the StatefulSet, members and restarts: all that can cost a log its records.
  func servers(_ situation: Situation) -> [Step] {
    var steps = claims(situation) + statefulSet(situation)
    let isTemplateSettled = !steps.contains { $0.object.type == .statefulSet }
    steps += storage(situation, isTemplateSettled: isTemplateSettled)
    if let statefulSet = situation.statefulSet, !isSeen(statefulSet), isTemplateSettled {
      steps.append(
        pending(
          .templatePending, ObjectReference(type: .statefulSet, name: statefulSet.name),
          because: "its controller has not yet seen generation \(statefulSet.generation)"))
    }
    steps += disruptions(situation, isTemplateSettled: isTemplateSettled)
    return steps + surplusClaims(situation) + unready(situation)
  }

  /// For one who wants to work on the log undisturbed: the plan goes on being told, and nothing of it done.
  private func paused(_ step: Step) -> Step {
    guard !step.isWaiting, !step.isRefused else { return step }
    var step = step
    step.heldBackBy = "the annotation \(Names.pausedAnnotation) must go first"
    return step
  }

  /// - Throws: `InvalidSpec`.
  func situation(_ observation: Observation) throws(InvalidSpec) -> Situation {
    let cluster = ClusterState(observation.answers)
    var builder = ObjectBuilder(
      identity: observation.identity, spec: try ProgLogSpec(of: observation.resource), defaults: defaults)
    builder.capabilities = observation.capabilities
    builder.tlsMode = Self.tlsMode(builder.spec, observation)
    builder.settingsVersion = Self.settingsVersion(builder.spec, observation)
    let present = observation.statefulSet?.spec["replicas"]?.integer.map(Int.init) ?? 0
    let draft = Situation(builder: builder, observation: observation, cluster: cluster)
    // Each pod that is, was or will be a member keeps its Service: clients may be told of it.
    let count = max(builder.spec.replicas, draft.memberCeiling, builder.spec.isHibernated ? 0 : present)
    builder.ordinals = 0..<count
    builder.addresses = ClientAddress.all(builder, observation)
    builder.podServiceHosts = ClientAddress.loadBalancersOfPods(builder, observation)
    builder.serviceHosts = ClientAddress.loadBalancers(
      of: observation[.service, Names.clientService(builder.name)])
    builder.restartToken = observation.resource.annotations[Names.restartAnnotation]
    let access = Self.access(builder, observation)
    builder.accessFiles = access.files
    builder.disruptionsAllowed = Self.disruptionsAllowed(builder.spec, cluster)
    return Situation(builder: builder, observation: observation, cluster: cluster, accessFault: access.fault)
  }

  /// The rules of the ConfigMap that the spec names. As long as they are not there or cannot be used, those in force stay.
  private static func access(
    _ builder: ObjectBuilder, _ observation: Observation
  ) -> (files: AccessFiles?, fault: Situation.AccessFault?) {
    guard let name = builder.spec.acl.configMap else { return (nil, nil) }
    let copied = observation[.configMap, name].flatMap { AccessFiles(copying: $0) }
    let problem = copied?.problem
    if let copied, problem == nil { return (copied, nil) }
    let inForce = observation[.configMap, Names.configMap(builder.name)].flatMap { AccessFiles(inForceIn: $0) }
    return (inForce, problem.map { .invalid($0) } ?? .missing)
  }

  /// What the servers run with. Servers with TLS and servers without do not understand each other, so a log changes only
  /// while none of them runs.
  private static func tlsMode(_ spec: ProgLogSpec, _ observation: Observation) -> ProgLogSpec.TLS.Mode {
    func mode(_ text: String?) -> ProgLogSpec.TLS.Mode? { text.flatMap { ProgLogSpec.TLS.Mode(rawValue: $0) } }
    let recorded = mode(observation.resource.status["tlsMode"]?.string)
    guard let statefulSet = observation.statefulSet else {
      return observation.pods.isEmpty ? spec.tls.mode : recorded ?? spec.tls.mode
    }
    if statefulSet.spec["replicas"]?.integer == 0, observation.pods.isEmpty { return spec.tls.mode }
    // Before there was TLS there was no annotation.
    return mode(statefulSet.annotations[Names.tlsModeAnnotation]) ?? .disabled
  }

  /// What the cluster can lose without losing its quorum, less what a change in flight may cost. One server can lose none, and
  /// a budget would only keep its node from ever being drained.
  private static func disruptionsAllowed(_ spec: ProgLogSpec, _ cluster: ClusterState) -> Int? {
    guard spec.podDisruptionBudget.isEnabled, spec.replicas > 1, !spec.isHibernated else { return nil }
    guard let leader = cluster.leader else { return 0 }
    let spare = (cluster.voters.count - 1) / 2
    let isChanging =
      !leader.isConfigurationCommitted || cluster.voters.count != spec.replicas
      || cluster.members.count != spec.replicas
    return isChanging ? max(0, spare - 1) : spare
  }

  /// The objects that must be looked up before a plan is made: those whose absence would make us create them.
  func needed(_ contents: Assessment.Contents) -> [ObjectReference] {
    let builder = contents.situation.builder
    return contents.supporting.map(\.reference) + builder.certificateSecrets
      + [ObjectReference(type: .statefulSet, name: Names.statefulSet(builder.name))]
  }

  private func invalid(_ error: InvalidSpec, _ observation: Observation) -> Step {
    Step(
      action: .refuse, object: ObjectReference(type: .progLog, name: observation.resource.name), reason: .invalidSpec,
      because: error.description)
  }

  private func foreignObjects(_ contents: Assessment.Contents) -> [Step] {
    let (builder, observation) = (contents.situation.builder, contents.situation.observation)
    // Of Secrets CertificateSecret says so, with the mode of TLS in mind.
    return needed(contents).filter { $0.type != .secret }.compactMap { reference in
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

  /// Objects that we made for what the spec no longer has.
  private func surplusObjects(_ contents: Assessment.Contents) -> [Step] {
    let situation = contents.situation
    let wanted = Set(contents.supporting.map(\.reference))
    let types = Set(
      ResourceType.optionalChildren + [situation.observation.capabilities.disruptionBudget].compactMap(\.self))
    return situation.observation.objects.filter { reference, object in
      types.contains(reference.type) && object.controllerUID == situation.builder.identity.uid
        && !wanted.contains(reference) && !object.isBeingDeleted
    }.sorted { $0.key.description < $1.key.description }.map { reference, object in
      Step(
        action: .delete(uid: object.uid), object: reference, reason: .surplus,
        because: reference.type == .service
          ? "spec.replicas is \(situation.spec.replicas)" : "the spec does not ask for it")
    }
  }

  private func accessSource(_ situation: Situation) -> [Step] {
    guard let name = situation.spec.acl.configMap, let fault = situation.accessFault else { return [] }
    let source = ObjectReference(type: .configMap, name: name)
    switch fault {
    case .missing:
      let files = "\(AccessFiles.sourceModelFile) and \(AccessFiles.sourcePolicyFile)"
      return [
        refuse(
          .accessListMissing, source,
          because: "spec.acl.configMap names it, and it must hold \(files); until then the rules in force stay")
      ]
    case .invalid(let problem):
      return [refuse(.accessListInvalid, source, because: "\(problem); until then the rules in force stay")]
    }
  }

  /// What only stopped servers can change.
  private func modes(_ situation: Situation) -> [Step] {
    let (mode, wanted) = (situation.builder.tlsMode, situation.spec.tls.mode)
    guard mode != wanted else { return [] }
    return [
      refuse(
        .tlsModeImmutable, progLog(situation),
        because: "spec.tls.mode is \(wanted.rawValue) but the servers run with \(mode.rawValue); to change it set "
          + "spec.hibernated to true, wait for the pods to end, and set it back")
    ]
  }
}
