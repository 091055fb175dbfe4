import KubernetesClient
import Logging

/// Brings one ProgLog closer to what it asks for: looks, plans, takes the steps that may be taken now, writes the status
/// if it changed. Waits for nothing; whatever it would wait for changes an object, and that starts the next pass.
struct Reconciler: Sendable {
  let api: any KubernetesAPI
  let view: ClusterView
  let planner: Planner
  let events: EventRecorder
  /// The time as RFC 3339.
  let now: @Sendable () -> String
  var capabilities: @Sendable () -> Capabilities = { Capabilities() }

  enum Outcome: Sendable, Hashable {
    case done
    /// What holds the plan back is not watched: look again after a while.
    case again(after: Duration)
  }

  /// Objects without our labels are in no cache, so nobody tells us when one that is in our way is gone.
  static let foreignObjectInterval = Duration.seconds(20)

  func reconcile(_ key: ObjectKey, logger: Logger) async throws(KubernetesError) -> Outcome {
    guard let resource = view.object(.progLog, key) else { return .done }
    guard !resource.isBeingDeleted else {
      logger.info("being deleted; the garbage collector removes what it owns")
      return .done
    }
    var observation = try await observe(resource)
    var steps = planner.plan(observation)
    let executable = steps.filter(\.isExecutable)
    var failure: Failure?
    for step in executable {
      do {
        try await perform(step, observation, logger: logger)
      } catch {
        logger.warning("cannot \(step.title)", metadata: ["reason": "\(step.reason.rawValue)", "error": "\(error)"])
        failure = Failure(step: step, error: error)
        break
      }
    }
    if !executable.isEmpty {
      observation = try await observe(resource)
      steps = planner.plan(observation)
    }
    try await writeStatus(observation, steps, failure, logger: logger)
    if let failure { throw failure.error }
    if steps.contains(where: \.isExecutable) { return .again(after: .zero) }
    let isBlockedUnseen = steps.contains { $0.reason == .notOwned || $0.reason == .deletionPending }
    return isBlockedUnseen ? .again(after: Self.foreignObjectInterval) : .done
  }

  private struct Failure {
    var step: Step
    var error: KubernetesError

    /// For the status: only what stays so until somebody does something. The rest is repeated, and logged.
    var lasting: StepFailure? {
      guard !error.isWorthRepeating, !error.isConflict else { return nil }
      return StepFailure(step: step.title, message: error.description)
    }
  }

  /// Absence in a cache means little: the object may lack our labels, or be newer than the cache. Before we create
  /// something we ask.
  private func observe(_ resource: KubernetesObject) async throws(KubernetesError) -> Observation {
    var observation = Observation(resource: resource)
    observation.capabilities = capabilities()
    for type in ResourceType.children {
      for child in view.children(type, of: observation.identity) { observation[type, child.name] = child }
    }
    for reference in planner.needed(for: resource) where observation.objects[reference] == nil {
      let key = observation.identity.key(reference.name)
      if let found = try await api.get(reference.type, key) { observation.objects[reference] = found }
    }
    return observation
  }

  private func perform(_ step: Step, _ observation: Observation, logger: Logger) async throws(KubernetesError) {
    let key = observation.identity.key(step.object.name)
    switch step.action {
    case .create(let desired), .change(let desired):
      let stored = try await api.apply(desired.object, as: desired.type, fieldManager: Names.fieldManager)
      view.expectations.wrote(stored, as: desired.type)
      // Somebody between us and the store, a webhook say, undoes what we write. Writing on would never end.
      if let difference = Difference(desired: desired.object.content, observed: stored.content) {
        throw .malformed("the API server stored another value than the one that was applied, at \(difference)")
      }
    case .delete(let uid), .restart(let uid):
      try await api.delete(step.object.type, key, uid: uid, propagation: .background)
      view.expectations.deleted(step.object.type, key, uid: uid)
    case .orphan(let uid):
      try await api.delete(step.object.type, key, uid: uid, propagation: .orphan)
      view.expectations.deleted(step.object.type, key, uid: uid)
    case .administer, .certify, .await, .refuse: preconditionFailure("\(step) is not ours to take")
    }
    logger.info("\(step.title)", metadata: ["reason": "\(step.reason.rawValue)", "because": "\(step.because)"])
    await events.record(
      .normal, reason: step.reason.rawValue, "\(step.title): \(step.because)", about: observation.resource)
  }
}

// MARK: - Status

extension Reconciler {
  private func writeStatus(
    _ observation: Observation, _ steps: [Step], _ failure: Failure?, logger: Logger
  )
    async throws(KubernetesError)
  {
    let resource = observation.resource
    let status = planner.status(observation, steps: steps, failure: failure?.lasting, now: now())
    guard status != resource.status else { return }
    let object = KubernetesObject([
      "apiVersion": .string(ResourceType.progLog.apiVersion), "kind": .string(ResourceType.progLog.kind),
      "metadata": ["name": .string(resource.name), "namespace": .string(resource.namespace)], "status": status,
    ])
    let stored: KubernetesObject
    do {
      stored = try await api.applyStatus(object, as: .progLog, fieldManager: Names.fieldManager)
    } catch  where error.isNotFound {
      return  // Deleted meanwhile.
    }
    view.expectations.wrote(stored, as: .progLog)
    await report(from: resource, to: stored, steps, logger: logger)
  }

  /// Says what is new: steps that now wait or are refused, and conditions that turned.
  private func report(
    from old: KubernetesObject, to new: KubernetesObject, _ steps: [Step], logger: Logger
  ) async {
    let known = Set(old.status["plan"]?.array ?? [])
    for step in steps where !known.contains(step.status) {
      let level: Logger.Level = step.isRefused ? .warning : .info
      logger.log(level: level, "\(step.title)", metadata: step.logMetadata)
    }
    for type in ["Ready", "Degraded"] {
      guard let condition = new.condition(type), let reason = condition["reason"]?.string else { continue }
      let (before, after) = (old.condition(type)?["status"]?.string ?? "False", condition["status"]?.string)
      let isSameReason = old.condition(type)?["reason"]?.string == reason
      guard before != after || (type == "Degraded" && after == "True" && !isSameReason) else { continue }
      let isGood = (type == "Ready") == (after == "True")
      let message = condition["message"]?.string ?? ""
      logger.log(
        level: isGood ? .notice : .warning, "\(type) is \(after ?? "Unknown")",
        metadata: ["reason": "\(reason)", "because": "\(message)"])
      await events.record(isGood ? .normal : .warning, reason: reason, message, about: new)
    }
  }
}

extension Step {
  fileprivate var logMetadata: Logger.Metadata {
    var metadata: Logger.Metadata = ["reason": "\(reason.rawValue)", "because": "\(because)"]
    if let heldBackBy { metadata["held-back-by"] = "\(heldBackBy)" }
    return metadata
  }
}
