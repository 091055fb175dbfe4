import KubernetesClient
import Logging
import ProgLogClient

/// Brings one ProgLog closer to what it asks for: looks, plans, takes the steps that may be taken now, writes the status
/// if it says anything new. Waits for nothing: what it would wait for changes an object, or is looked at again after a while.
struct Reconciler: Sendable {
  let observer: Observer
  let planner: Planner
  let events: EventRecorder
  var metrics = LogMetrics()
  /// The time as RFC 3339.
  let now: @Sendable () -> String

  enum Outcome: Sendable, Hashable {
    case done
    /// What is to come is not watched: look again after a while.
    case again(after: Duration)
  }

  private var api: any KubernetesAPI { observer.api }
  private var view: ClusterView { observer.view }

  func reconcile(_ key: ObjectKey, logger: Logger) async throws(KubernetesError) -> Outcome {
    guard let resource = view.object(.progLog, key) else {
      metrics.forget(key)
      return .done
    }
    guard !resource.isBeingDeleted else {
      metrics.forget(key)
      observer.adminCertificates.forget(uid: resource.uid)
      logger.info("being deleted; the garbage collector removes what it owns")
      return .done
    }
    var assessment = try await observer.observe(resource, planner)
    var steps = planner.plan(assessment)
    let executable = steps.filter(\.isExecutable)
    var failure: Failure?
    for step in executable {
      do {
        try await perform(step, assessment, logger: logger)
      } catch {
        logger.warning("cannot \(step.title)", metadata: ["reason": "\(step.reason.rawValue)", "error": "\(error)"])
        failure = Failure(step: step, error: error)
        break
      }
    }
    if !executable.isEmpty {
      assessment = try await observer.observe(resource, planner)
      steps = planner.plan(assessment)
    }
    let status = planner.status(assessment, steps: steps, failure: failure?.lasting, now: now())
    measure(assessment, steps, status)
    try await write(status, of: resource, steps, logger: logger)
    if let failure, case .kubernetes(let error) = failure.error { throw error }
    return outcome(steps, assessment, hasActed: !executable.isEmpty)
  }

  private func perform(_ step: Step, _ assessment: Assessment, logger: Logger) async throws(StepError) {
    guard let situation = assessment.valid?.situation else { preconditionFailure("\(step) for a spec that is invalid") }
    let key = situation.observation.identity.key(step.object.name)
    let type = step.object.type
    switch step.action {
    case .create(let desired), .change(let desired): try await apply(desired)
    case .delete(let uid): try await delete(type, key, onlyIf: .uid(uid), .background)
    case .restart(let preconditions): try await delete(type, key, onlyIf: preconditions, .background)
    case .orphan(let uid): try await delete(type, key, onlyIf: .uid(uid), .orphan)
    case .certify(let work): try await write(work, situation)
    case .administer(let change):
      do {
        try await observer.carryOut(change, situation)
      } catch {
        throw .member(error)
      }
    case .await, .refuse: preconditionFailure("\(step) is not ours to take")
    }
    logger.info("\(step.title)", metadata: ["reason": "\(step.reason.rawValue)", "because": "\(step.because)"])
    await events.record(
      .normal, reason: step.reason.rawValue, "\(step.title): \(step.because)", about: assessment.observation.resource,
      annotations: Self.pass(logger))
  }

  /// Keys are written over the very Secret that was planned with, or not at all: another operator may have written others a
  /// moment ago, and servers may show them already.
  private func write(_ work: CertificateWork, _ situation: Situation) async throws(StepError) {
    let observation = situation.observation
    let desired: DesiredObject
    do {
      desired = try CertificateIssuer(situation.builder, observation).secret(for: work)
    } catch {
      throw .certificates("\(error)")
    }
    do {
      let stored: KubernetesObject
      if let observed = observation.objects[desired.reference] {
        stored = try await api.apply(
          desired.replacing(observed), as: desired.type, fieldManager: Names.fieldManager)
      } else {
        stored = try await api.create(desired.replacing(nil), as: desired.type)
      }
      view.expectations.wrote(stored, as: desired.type)
    } catch {
      throw .kubernetes(error)
    }
  }

  private func apply(_ desired: DesiredObject) async throws(StepError) {
    let stored: KubernetesObject
    do {
      stored = try await api.apply(desired.object, as: desired.type, fieldManager: Names.fieldManager)
    } catch {
      throw .kubernetes(error)
    }
    view.expectations.wrote(stored, as: desired.type)
    // Somebody between us and the store, a webhook say, undoes what we write. Writing on would never end.
    if let difference = Difference(desired: desired.object.content, observed: stored.content) {
      throw .kubernetes(
        .malformed("the API server stored another value than the one that was applied, at \(difference)"))
    }
  }

  private func delete(
    _ type: ResourceType, _ key: ObjectKey, onlyIf preconditions: DeletePreconditions, _ propagation: DeletePropagation
  )
    async throws(StepError)
  {
    do {
      try await api.delete(type, key, onlyIf: preconditions, propagation: propagation)
    } catch {
      throw .kubernetes(error)
    }
    view.expectations.deleted(type, key, uid: preconditions.uid)
  }
}

// MARK: - When to look again

extension Reconciler {
  /// Objects without our labels are in no cache, so nobody tells us when one that is in our way is gone.
  static let foreignObjectInterval = Duration.seconds(20)
  /// Nothing tells us what happens between the servers while a change is under way.
  static let changeInterval = Duration.seconds(1)
  /// Certificates reach the pods when their kubelets next look, within about a minute.
  static let trustInterval = Duration.seconds(5)
  /// Elections and addresses of a log at rest are for the status only.
  static let restInterval = Duration.seconds(60)
  /// What was just done shows at once.
  static let nextStepInterval = Duration.milliseconds(200)

  private func outcome(_ steps: [Step], _ assessment: Assessment, hasActed: Bool) -> Outcome {
    if steps.contains(where: \.isExecutable) { return .again(after: hasActed ? Self.nextStepInterval : .zero) }
    let reasons = Set(steps.map(\.reason))
    if !reasons.isDisjoint(with: Step.Reason.betweenServers) || steps.contains(where: \.isHeldBackByServers) {
      return .again(after: Self.changeInterval)
    }
    if reasons.contains(.trustSpreading) { return .again(after: Self.trustInterval) }
    if reasons.contains(.notOwned) || reasons.contains(.deletionPending) || reasons.contains(.secretMissing) {
      return .again(after: Self.foreignObjectInterval)
    }
    // Whoever is being made says so himself.
    guard !assessment.observation.answers.isEmpty else { return .done }
    return .again(after: min(Self.restInterval, untilCertificatesChange(assessment)))
  }

  private func untilCertificatesChange(_ assessment: Assessment) -> Duration {
    guard let time = assessment.valid?.certificates.nextChange else { return Self.restInterval }
    return .seconds(max(1, time - assessment.observation.time))
  }
}

extension Step.Reason {
  /// What changes without any object of Kubernetes.
  fileprivate static let betweenServers: Set<Step.Reason> = [
    .memberSilent, .memberCatchingUp, .leaderMissing, .changeInFlight, .quorumLost,
  ]
}

extension Step {
  fileprivate var isHeldBackByServers: Bool {
    guard heldBackBy != nil else { return false }
    switch action {
    case .administer, .restart: return true
    default: return false
    }
  }
}

// MARK: - Failures

/// Why a step was not taken.
enum StepError: Error, Sendable, Hashable, CustomStringConvertible {
  case kubernetes(KubernetesError)
  case member(MemberError)
  case certificates(String)

  var description: String {
    switch self {
    case .kubernetes(let error): error.description
    case .member(let error): error.description
    case .certificates(let problem): problem
    }
  }
}

extension Reconciler {
  fileprivate struct Failure {
    var step: Step
    var error: StepError

    /// For the status: only what stays so until somebody does something. The rest is repeated, and logged.
    var lasting: StepFailure? {
      switch error {
      case .kubernetes(let error) where error.isWorthRepeating || error.isConflict: nil
      case .member(let error) where error.mayPass: nil
      default: StepFailure(step: step.title, message: error.description)
      }
    }
  }
}

// MARK: - Status

extension Reconciler {
  private func measure(_ assessment: Assessment, _ steps: [Step], _ status: JSONValue) {
    guard let situation = assessment.valid?.situation else { return }
    var expiries: [String: Int64] = [:]
    for (kind, field) in [("authority", "authorityExpiry"), ("leaf", "earliestExpiry")] {
      expiries[kind] = status[path: "certificates", field]?.string.flatMap(OperatorClock.seconds(of:))
    }
    let ready = status["conditions"]?.array?.first { $0["type"]?.string == "Ready" }
    metrics.record(
      LogMetrics.Sample(situation, steps: steps, isReady: ready?["status"]?.string == "True", expiries: expiries),
      of: assessment.observation.resource.key)
  }

  private func write(
    _ status: JSONValue, of resource: KubernetesObject, _ steps: [Step], logger: Logger
  ) async throws(KubernetesError) {
    guard Planner.isNews(status, after: resource.status) else { return }
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

  /// Ties an event to the log lines of the pass that it is from.
  private static func pass(_ logger: Logger) -> [String: String] {
    logger[metadataKey: "reconcile"].map { [Names.reconcileAnnotation: "\($0)"] } ?? [:]
  }

  /// Says what is new: steps that now wait or are refused, and conditions that turned.
  private func report(
    from old: KubernetesObject, to new: KubernetesObject, _ steps: [Step], logger: Logger
  ) async {
    let known = Set(old.status["plan"]?.array ?? [])
    // What may be taken now is told when it is taken.
    for step in steps where !step.isExecutable && !known.contains(step.status) {
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
      await events.record(
        isGood ? .normal : .warning, reason: reason, message, about: new, annotations: Self.pass(logger))
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
