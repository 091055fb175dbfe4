import Certificates
import FoundationEssentials
import KubernetesClient
import ProgLogClient
import X509

// A new key for the authority, in stages. Each begins once nobody is left who goes by the one before the last: servers
// say what they go by; users are given `spec.tls.trustGracePeriod` from the moment their Secret was written.
extension ManagedCertificates {
  /// The next stage, or what it waits for. All Secrets are as this stage wants them.
  var rollSteps: [Step] {
    let authority = state.authority
    switch authority.stage {
    case .lost: return []
    case .stable: return startOfRoll.map { [$0] } ?? []
    case .trusting:
      let waits = pods(who: doesNotTrustAll) + graceStep("all of them are trusted")
      guard waits.isEmpty else { return waits }
      return [stage(.switchRoll, "every server and every user trusts \(authority.next.map(Self.name) ?? "it")")]
    case .signing:
      let waits = pods(who: showsAnotherLeaf) + graceStep("certificates of the old authority are of no use")
      guard waits.isEmpty else { return waits }
      return [stage(.finishRoll, "nobody shows a certificate of another authority any more")]
    }
  }

  /// When the last stage's time of grace ends; nil when none is under way.
  var graceEnd: Int64? {
    guard [.trusting, .signing].contains(state.authority.stage) else { return nil }
    let secrets = [state.authority.secret, state.server] + state.users.values
    return secrets.compactMap(\.writtenAt).max().map { $0 + builder.spec.tls.trustGracePeriod }
  }

  private var startOfRoll: Step? {
    let wanted = observation.resource.annotations[Names.rollAuthorityAnnotation] ?? ""
    let token = state.authority.token
    if !wanted.isEmpty, wanted != token {
      return stage(.startRoll(token: wanted), "the annotation \(Names.rollAuthorityAnnotation) asks for a new key")
    }
    // In time: what it signs ends with it, and what is renewed would live shorter and shorter.
    guard let authority = state.authority.signing?.certificate,
      Lifetime.isRenewalDue(authority, now: Date(seconds: state.time))
    else { return nil }
    let end = DateText.text(authority.notValidAfter)
    return stage(.startRoll(token: token), "\(authority.subject) expires at \(end)")
  }

  private func stage(_ work: CertificateWork, _ because: String) -> Step {
    step(work, authorityReference.name, .authorityRoll, because, state.authority.secret)
  }

  /// Pods whose servers are not as far; one that does not answer may be none of those that are.
  private func pods(who problem: (String, NodeTLSReport) -> String?) -> [Step] {
    observation.answers.sorted { $0.key < $1.key }.compactMap { pod, answer in
      let because: String? =
        if let report = answer.report {
          report.tls.map { problem(pod, $0) } ?? "it speaks plaintext"
        } else {
          "it does not say which certificates it goes by"
        }
      return because.map {
        Step(
          action: .await, object: ObjectReference(type: .pod, name: pod), reason: .trustSpreading, because: $0)
      }
    }
  }

  private func doesNotTrustAll(_ pod: String, _ report: NodeTLSReport) -> String? {
    let missing = state.authority.trusted.first {
      let fingerprint = $0.fingerprint
      return !report.peerAuthorities.contains(fingerprint) || !report.serverAuthorities.contains(fingerprint)
    }
    return missing.map { "it does not trust \($0.subject) yet" }
  }

  private func showsAnotherLeaf(_ pod: String, _ report: NodeTLSReport) -> String? {
    let requests = state.serverRequests.filter { $0.commonName == pod }
    let leaves = requests.compactMap(state.leaf).map(\.fingerprint)
    guard leaves != [report.peerCertificate, report.serverCertificate] else { return nil }
    return "it does not show its new certificates yet"
  }

  private func graceStep(_ what: String) -> [Step] {
    guard let end = graceEnd, state.time < end else { return [] }
    return [
      Step(
        action: .await, object: authorityReference, reason: .trustSpreading,
        because: "users have until \(DateText.text(Date(seconds: end))) to read their Secrets; then \(what)")
    ]
  }

  private static func name(_ authority: CertificateAuthority) -> String { "\(authority.certificate.subject)" }
}
