import Certificates
import FoundationEssentials
import KubernetesClient
import X509

/// What is to be done for certificates of an own authority. Everything follows from what is in the Secrets, so that the
/// operator may stop anywhere.
///
/// First the authority, then what it signs and who is trusted, in every Secret; and only when all that is there, the
/// next stage of a roll. Trust goes ahead of what relies on it: nobody is shown a certificate before he trusts its
/// authority, and no authority is dropped before everybody has stopped showing what it has signed
/// (cloudnative-pg#10433).
struct ManagedCertificates {
  let builder: ObjectBuilder
  let observation: Observation
  let state: CertificateState

  init(_ builder: ObjectBuilder, _ observation: Observation) {
    self.builder = builder
    self.observation = observation
    state = CertificateState(builder, observation)
  }

  var steps: [Step] {
    let refused = refusals
    if let step = authorityStep {
      // Made with the authority of now, they would be made again.
      return [step] + secretSteps.map { $0.held(by: "\(step.object) must be in order first") } + refused
    }
    let steps = secretSteps
    return (steps.isEmpty ? rollSteps : steps) + refused
  }

  var authorityReference: ObjectReference {
    ObjectReference(type: .secret, name: Names.authoritySecret(builder.name))
  }

  func step(
    _ work: CertificateWork, _ name: String, _ reason: Step.Reason, _ because: String, _ secret: CertificateSecret
  ) -> Step {
    Step(
      action: .certify(work), object: ObjectReference(type: .secret, name: name), reason: reason, because: because,
      heldBackBy: secret.obstacle(builder))
  }

  private var refusals: [Step] {
    let names = builder.unusableNames
    guard !names.isEmpty else { return [] }
    let list = names.map { "'\($0)'" }.joined(separator: ", ")
    return [
      Step(
        action: .refuse, object: ObjectReference(type: .secret, name: Names.serverSecret(builder.name)),
        reason: .certificateInvalid,
        because: "no certificate can have the names \(list), which are neither host names nor IP addresses: "
          + "look at spec.tls.extraNames, spec.access.overrides and the load balancers")
    ]
  }
}

// MARK: - The authority

extension ManagedCertificates {
  private var authorityStep: Step? {
    let authority = state.authority
    let name = authorityReference.name
    if authority.stage == .lost {
      let (reason, because) = loss
      return step(.createAuthority, name, reason, because, authority.secret)
    }
    if let damage = authority.damage {
      return step(.repairAuthority, name, .certificateInvalid, damage, authority.secret)
    }
    if let stranger = state.stranger {
      let because = "the servers' certificates are of \(stranger.subject), which it does not trust"
      return step(.repairAuthority, name, .certificateInvalid, because, authority.secret)
    }
    let component = Names.Component.certificates
    let frame = builder.certificateSecret(name, component, type: Names.opaqueSecret, annotations: [:], data: nil)
    return authority.secret.drift(frame).map { step(.repairAuthority, name, .drifted, $0, authority.secret) }
  }

  private var loss: (Step.Reason, String) {
    let isThere = state.authority.secret.object != nil
    let what = isThere ? "its keys cannot be used" : "there is none"
    guard !state.inheritable.isEmpty else { return (isThere ? .certificateInvalid : .certificateMissing, what) }
    return (
      .certificateInvalid,
      "\(what), and the lost authority's certificates are in use: it stays trusted until none is left"
    )
  }
}

// MARK: - What it signs

extension ManagedCertificates {
  /// The Secrets that are not as they should be.
  private var secretSteps: [Step] {
    [serverStep].compactMap { $0 } + builder.spec.users.compactMap(userStep)
  }

  private var serverStep: Step? {
    let name = Names.serverSecret(builder.name)
    let secret = state.server
    let requests = state.serverRequests
    guard secret.object != nil else {
      return step(.issueForServers(requests, keep: []), name, .certificateMissing, "there is none", secret)
    }
    // What is there can be judged only by an authority.
    guard state.authority.stage != .lost else { return nil }
    let problems = requests.compactMap { request in state.problem(request).map { (request, $0) } }
    let stale = Set(problems.map(\.0))
    let work = CertificateWork.issueForServers(
      requests.filter(stale.contains), keep: requests.filter { !stale.contains($0) })
    if let (request, problem) = problems.first {
      let others = problems.count > 1 ? ", and \(problems.count - 1) more" : ""
      return step(work, name, problem.reason, "\(request.title): \(problem.text)\(others)", secret)
    }
    let flaw = trustFlaw(secret) ?? keyringFlaw(secret) ?? podsFlaw(secret) ?? drift(secret, name)
    return flaw.map { step(work, name, $0.reason, $0.text, secret) }
  }

  private func userStep(_ user: ProgLogSpec.User) -> Step? {
    let name = Names.userSecret(builder.name, user.name)
    guard let secret = state.users[user.name], let request = state.userRequests[user.name] else { return nil }
    guard secret.object != nil else {
      return step(.issueForUser(name: user.name, request), name, .certificateMissing, "there is none", secret)
    }
    guard state.authority.stage != .lost else { return nil }
    if let problem = state.problem(request) {
      return step(.issueForUser(name: user.name, request), name, problem.reason, problem.text, secret)
    }
    let flaw = trustFlaw(secret) ?? drift(secret, name, .user, type: Names.tlsSecret)
    return flaw.map { step(.issueForUser(name: user.name, nil), name, $0.reason, $0.text, secret) }
  }

  private typealias Flaw = (reason: Step.Reason, text: String)

  private func trustFlaw(_ secret: CertificateSecret) -> Flaw? {
    guard secret.contents[Names.trustKey] != state.trustText else { return nil }
    // The same authorities in other words are somebody's edit.
    let isKnown = secret.trusted == state.authority.trusted
    return isKnown
      ? (.drifted, "somebody else changed \(Names.trustKey)")
      : (.authorityRoll, "\(Names.trustKey) is not what is trusted now")
  }

  private func keyringFlaw(_ secret: CertificateSecret) -> Flaw? {
    guard GossipKeyring.isUsable(secret.contents[Names.gossipKeyring]) else {
      return secret.contents.has(Names.gossipKeyring)
        ? (.certificateInvalid, "\(Names.gossipKeyring) is no keyring")
        : (.certificateMissing, "there is no \(Names.gossipKeyring)")
    }
    return nil
  }

  private func podsFlaw(_ secret: CertificateSecret) -> Flaw? {
    guard secret.object?.annotations[Names.podsAnnotation] != builder.podsText else { return nil }
    return (.surplus, "the pods are \(builder.podsText) now")
  }

  private func drift(
    _ secret: CertificateSecret, _ name: String, _ component: Names.Component = .certificates,
    type: String = Names.opaqueSecret
  ) -> Flaw? {
    let frame = builder.certificateSecret(name, component, type: type, annotations: [:], data: nil)
    return secret.drift(frame).map { (.drifted, $0) }
  }
}

extension Step {
  /// Held back by that, unless by something else already.
  func held(by obstacle: String) -> Step {
    var step = self
    step.heldBackBy = heldBackBy ?? obstacle
    return step
  }
}

extension ObjectBuilder {
  /// For the annotation that says whose certificates are in the servers' Secret.
  var podsText: String { ordinals.map { Names.pod(name, $0) }.joined(separator: ",") }

  /// - Parameter data: nil for the frame alone, to compare one with.
  func certificateSecret(
    _ name: String, _ component: Names.Component, type: String, annotations: [String: String],
    data: [String: String]?
  ) -> DesiredObject {
    var body: [String: JSONValue] = ["type": .string(type)]
    body["data"] = data.map(SecretContents.encoded)
    // No fingerprint of keys, not even a bad one.
    return object(
      .secret, name, component, annotations: annotations, body: body, fingerprinted: ["type": .string(type)])
  }
}
