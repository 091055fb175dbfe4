import KubernetesClient
import ProgLogClient

extension Planner {
  /// The status that the resource should have. Equal to the one that it has when nothing changed: times are kept.
  /// - Parameters:
  ///   - steps: what is still to be done.
  ///   - failure: the answer with which the API server refused a step, if it did.
  ///   - now: the time as RFC 3339, for conditions that change.
  func status(_ assessment: Assessment, steps: [Step], failure: StepFailure?, now: String) -> JSONValue {
    let resource = assessment.observation.resource
    var status = resource.status
    // Without a valid spec what was seen last stays.
    if let valid = assessment.valid {
      describe(valid.situation, in: &status)
      let certificates = valid.certificates.status
      // Of a map that has lost all that was applied to it, Kubernetes 1.20 makes `null`, which the schema refuses.
      status["certificates"] = certificates == [:] ? .none : certificates
    }
    status["observedGeneration"] = .integer(resource.generation)
    status["plan"] = .array(steps.map(\.status))
    status["conditions"] = .array(
      [ready(steps, failure, assessment.valid?.situation.spec), progressing(steps), degraded(steps, failure)].map {
        $0.status(previous: resource.condition($0.type), generation: resource.generation, now: now)
      })
    return status
  }

  /// Whether a status says anything that the one before did not: what changes with every record is no news.
  static func isNews(_ status: JSONValue, after previous: JSONValue) -> Bool {
    withoutVolatile(status) != withoutVolatile(previous)
  }

  private static func withoutVolatile(_ status: JSONValue) -> JSONValue {
    var status = status
    let members = (status["members"]?.array ?? []).map { member in
      Member.volatileFields.reduce(into: member) { $0[$1] = nil }
    }
    status["members"] = .array(members)
    return status
  }

  func describe(_ situation: Situation, in status: inout JSONValue) {
    let (builder, observation, cluster) = (situation.builder, situation.observation, situation.cluster)
    let pods = observation.pods
    let container = observation.statefulSet?.spec[path: "template", "spec", "containers"]?.array?.first
    status["replicas"] = .integer(Int64(pods.count))
    status["readyReplicas"] = .integer(Int64(pods.filter(\.isReady).count))
    status["selector"] = .string(Names.selectorText(situation.name))
    status["endpoint"] = .string(
      "\(Names.clientService(situation.name)).\(builder.identity.namespace).svc:\(Port.rpc.number)")
    status["image"] = container?["image"]
    status["tlsMode"] = .string(builder.tlsMode.rawValue)
    status["leader"] = cluster.leaderPod.map { .string($0) }
    if let id = cluster.leader?.clusterID ?? cluster.clusterIDs.sorted().first { status["clusterID"] = .string(id) }
    let previous = status["members"]?.array ?? []
    status["members"] = .array(
      builder.ordinals.map { ordinal in
        let member = Member(ordinal, situation)
        return member.status(
          previous: previous.first { $0["name"]?.string == member.name }, isClusterKnown: !cluster.members.isEmpty)
      })
    describeFirstMember(situation, in: &status)
    describeRecovery(situation, in: &status)
  }

  private func ready(_ steps: [Step], _ failure: StepFailure?, _ spec: ProgLogSpec?) -> Condition {
    if spec?.isHibernated == true {
      return Condition("Ready", false, "Hibernated", "spec.hibernated is true: no server runs, everything is kept")
    }
    // What hinders nobody who reads or writes; everything else that is refused or waited for does.
    let obstacles = steps.filter { ($0.isRefused || $0.isWaiting) && !Step.Reason.harmless.contains($0.reason) }
    if let step = obstacles.first(where: \.isRefused) ?? obstacles.first {
      return Condition("Ready", false, step.reason.rawValue, step.sentence)
    }
    if let step = steps.first(where: { step in if case .create = step.action { true } else { false } }) {
      return Condition("Ready", false, failure == nil ? "Creating" : "StepFailed", step.sentence)
    }
    return Condition("Ready", true, "Serving", "every server is ready and has its address")
  }

  private func progressing(_ steps: [Step]) -> Condition {
    guard let step = steps.first(where: { !$0.isRefused }) else {
      return Condition(
        "Progressing", false, steps.isEmpty ? "Converged" : "Blocked",
        steps.isEmpty ? "everything is as the spec asks" : "nothing more can be done: see Degraded")
    }
    return Condition("Progressing", true, step.reason.rawValue, step.sentence)
  }

  private func degraded(_ steps: [Step], _ failure: StepFailure?) -> Condition {
    // A log of the first release runs without TLS because nobody asked for it; that is no fault of today.
    let refused = steps.filter { $0.isRefused && $0.reason != .tlsModeImmutable }
    if let first = refused.first {
      return Condition(
        "Degraded", true, first.reason.rawValue, refused.map(\.sentence).joined(separator: "; "))
    }
    if let failure {
      return Condition("Degraded", true, "StepFailed", "cannot \(failure.step): \(failure.message)")
    }
    return Condition("Degraded", false, "AsExpected", "nothing needs a person")
  }
}

/// A step that the API server refused, with its words.
struct StepFailure: Sendable, Hashable {
  var step: String
  var message: String
}

extension Step.Reason {
  /// Obstacles beside which the log serves as the spec asks.
  static let harmless: Set<Step.Reason> = [
    .storageImmutable, .templatePending, .tlsModeImmutable, .unknownMember, .trustSpreading, .userRemoved,
  ]
}

extension Step {
  /// For conditions: what is the matter with what.
  var sentence: String {
    let held = heldBackBy.map { " (held back: \($0))" } ?? ""
    switch action {
    case .await, .refuse: return object.type == .progLog ? because : "\(object): \(because)"
    default: return "\(title): \(because)\(held)"
    }
  }

  /// One entry of `status.plan`.
  var status: JSONValue {
    var status: JSONValue = ["step": .string(title), "reason": .string("\(reason.rawValue): \(because)")]
    status["heldBackBy"] = heldBackBy.map { .string($0) }
    return status
  }
}

/// A condition of the status, as Kubernetes' API conventions have it.
struct Condition: Sendable, Hashable {
  var type: String
  var isTrue: Bool
  var reason: String
  var message: String

  init(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String) {
    self.type = type
    self.isTrue = isTrue
    self.reason = reason
    self.message = message
  }

  /// The transition time moves only with the status: rewritten on each pass it would cause the next (strimzi#13079).
  fileprivate func status(previous: JSONValue?, generation: Int64, now: String) -> JSONValue {
    let value = isTrue ? "True" : "False"
    let since = previous?["status"]?.string == value ? previous?["lastTransitionTime"]?.string : nil
    return [
      "type": .string(type), "status": .string(value), "reason": .string(reason), "message": .string(message),
      "observedGeneration": .integer(generation), "lastTransitionTime": .string(since ?? now),
    ]
  }
}
