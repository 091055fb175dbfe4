import KubernetesClient
import ProgLogClient

/// Looks at one ProgLog: its objects in the caches, what is in no cache by asking, and its servers.
struct Observer: Sendable {
  let api: any KubernetesAPI
  let view: ClusterView
  let members: any MemberClient
  let adminCertificates: AdminCertificates
  let capabilities: @Sendable () -> Capabilities
  /// Seconds since 1970.
  let time: @Sendable () -> Int64

  /// Absence in a cache means little: the object may lack our labels, or be newer than the cache. Before we create
  /// something we ask.
  func observe(_ resource: KubernetesObject, _ planner: Planner) async throws(KubernetesError) -> Assessment {
    var observation = Observation(resource: resource)
    observation.time = time()
    observation.capabilities = capabilities()
    for type in view.stores.keys where type != .progLog {
      for child in view.children(type, of: observation.identity) { observation[type, child.name] = child }
    }
    // As long as nobody was asked, enough to know what is to be asked for.
    guard let outline = try? planner.situation(observation) else { return planner.assess(observation) }
    try await lookUp(planner.foreign(outline) + unwatched(observation), in: &observation)
    observation.answers = await ask(observation, credentials(outline.builder, observation))
    let assessment = planner.assess(observation)
    guard let valid = assessment.valid, try await lookUp(planner.needed(valid), in: &observation) else {
      return assessment
    }
    return planner.assess(observation)
  }

  func carryOut(_ change: Step.MembershipChange, _ situation: Situation) async throws(MemberError) {
    let observation = situation.observation
    guard let pod = observation[.pod, change.pod],
      let endpoint = endpoint(pod, observation, credentials(situation.builder, observation))
    else {
      throw MemberError(description: "pod \(change.pod) does not run any more", mayPass: true)
    }
    try await members.carryOut(change, at: endpoint)
  }

  /// The disruption budget, when the API server serves it in another version than it did as our informers were made.
  private func unwatched(_ observation: Observation) -> [ObjectReference] {
    guard let type = observation.capabilities.disruptionBudget, view.stores[type] == nil else { return [] }
    return [ObjectReference(type: type, name: Names.disruptionBudget(observation.resource.name))]
  }

  /// - Returns: whether something was found that was not known.
  @discardableResult
  private func lookUp(
    _ references: [ObjectReference], in observation: inout Observation
  ) async throws(KubernetesError) -> Bool {
    var isNew = false
    for reference in references where observation.objects[reference] == nil {
      let key =
        reference.type.isNamespaced
        ? observation.identity.key(reference.name) : ObjectKey(namespace: "", name: reference.name)
      do {
        guard let found = try await api.get(reference.type, key) else { continue }
        observation.objects[reference] = found
        isNew = true
      } catch  where error.isForbidden && !reference.type.isNamespaced {
        // With rights in single namespaces nothing of the whole cluster can be read; the API server decides then.
      }
    }
    return isNew
  }

  /// All pods at once: one that does not answer costs its time-out once.
  private func ask(
    _ observation: Observation, _ credentials: MemberEndpoint.Credentials
  ) async -> [String: MemberAnswer] {
    await withTaskGroup(of: (String, MemberAnswer).self) { group in
      for pod in observation.pods {
        guard let endpoint = endpoint(pod, observation, credentials) else { continue }
        group.addTask { (endpoint.pod, await self.members.report(of: endpoint)) }
      }
      var answers: [String: MemberAnswer] = [:]
      for await (pod, answer) in group { answers[pod] = answer }
      return answers
    }
  }

  private func credentials(_ builder: ObjectBuilder, _ observation: Observation) -> MemberEndpoint.Credentials {
    do {
      return try adminCertificates.credentials(builder, observation).map { .tls($0) } ?? .plaintext
    } catch {
      return .missing("\(error)")
    }
  }

  /// Nil for a pod that runs nothing which could answer.
  private func endpoint(
    _ pod: KubernetesObject, _ observation: Observation, _ credentials: MemberEndpoint.Credentials
  ) -> MemberEndpoint? {
    guard !pod.isBeingDeleted, let ip = pod.status["podIP"]?.string, pod.status["phase"]?.string == "Running",
      let ordinal = Names.ordinal(pod.name, of: observation.resource.name)
    else { return nil }
    return MemberEndpoint(
      pod: pod.name, ip: ip,
      serverName: Names.memberHost(observation.resource.name, ordinal, in: pod.namespace),
      credentials: credentials)
  }
}

extension Step.MembershipChange {
  /// The pod that is asked.
  var pod: String {
    switch self {
    case .bootstrap(let pod, _), .add(_, _, let pod), .promote(_, let pod), .remove(_, let pod),
      .transferLeadership(_, let pod), .recover(let pod, _):
      pod
    }
  }
}
