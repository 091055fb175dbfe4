import Certificates
import FoundationEssentials
import KubernetesClient
import Synchronization
import X509

/// What the operator shows to servers when it administers them, and whom it trusts. PEM.
struct AdminCredentials: Sendable, Hashable {
  var authorities: String
  var certificate: String
  var privateKey: String
}

/// The administrator's certificates that the operator itself uses, one for each ProgLog. They stand in no Secret: they
/// are good for a day, and an operator that starts makes others.
final class AdminCertificates: Sendable {
  /// More than one operator serves; a bound all the same.
  private static let limit = 10_000
  private static let lifetime = Duration.seconds(24 * 60 * 60)
  /// In the servers' audit logs.
  private static let commonName = "proglog-operator"

  private struct Entry {
    var credentials: AdminCredentials
    var leaf: Certificate
    /// When it was asked for last; a count.
    var use: UInt64
  }

  private struct State {
    var entries: [String: Entry] = [:]
    var uses: UInt64 = 0

    mutating func add(_ credentials: AdminCredentials, _ leaf: Certificate, _ uid: String) {
      if entries.count >= AdminCertificates.limit, entries[uid] == nil,
        let oldest = entries.min(by: { $0.value.use < $1.value.use })
      {
        entries[oldest.key] = nil
      }
      uses += 1
      entries[uid] = Entry(credentials: credentials, leaf: leaf, use: uses)
    }
  }

  private let state = Mutex(State())

  /// - Returns: nil when the servers speak plaintext.
  /// - Throws: ``CertificateIssuerError`` when there is nothing yet to show, or it cannot be used.
  func credentials(
    _ builder: ObjectBuilder, _ observation: Observation
  ) throws(CertificateIssuerError) -> AdminCredentials? {
    switch builder.tlsMode {
    case .disabled: nil
    case .managed: try managed(builder, observation)
    case .secrets: try Self.copied(builder, observation)
    }
  }

  /// Forgets a ProgLog that is gone.
  func forget(uid: String) { state.withLock { $0.entries[uid] = nil } }

  private func managed(
    _ builder: ObjectBuilder, _ observation: Observation
  ) throws(CertificateIssuerError) -> AdminCredentials {
    let secret = CertificateSecret(observation[.secret, Names.authoritySecret(builder.name)], time: observation.time)
    let authority = AuthorityState(secret, time: observation.time)
    let uid = builder.identity.uid
    guard let issuer = authority.issuer, let trust = try? TrustBundle(authority.trusted).text() else {
      throw CertificateIssuerError(what: "an administrator's certificate", problem: "there is no authority yet")
    }
    if let kept = kept(uid, authority, trust, Date(seconds: observation.time)) { return kept }
    let (credentials, leaf) = try Self.issue(issuer, trust, Date(seconds: observation.time))
    state.withLock { $0.add(credentials, leaf, uid) }
    return credentials
  }

  private func kept(_ uid: String, _ authority: AuthorityState, _ trust: String, _ now: Date) -> AdminCredentials? {
    state.withLock { state in
      guard var entry = state.entries[uid], entry.leaf.notValidBefore <= now,
        !Lifetime.isRenewalDue(entry.leaf, now: now)
      else { return nil }
      // While nobody signs whom all trust, an old certificate is better than a new one.
      let signers = (authority.signing.map { [$0.certificate] }) ?? authority.trusted
      guard signers.contains(where: { $0.hasSigned(entry.leaf) }) else { return nil }
      state.uses += 1
      entry.use = state.uses
      // Whom it trusts may have changed without it.
      entry.credentials.authorities = trust
      state.entries[uid] = entry
      return entry.credentials
    }
  }

  private static func issue(
    _ issuer: CertificateAuthority, _ trust: String, _ now: Date
  ) throws(CertificateIssuerError) -> (AdminCredentials, Certificate) {
    do {
      let request = try CertificateRequest(profile: .admin, name: commonName, lifetime: lifetime)
      let issued = try issuer.issue(request, now: now)
      let credentials = AdminCredentials(
        authorities: trust, certificate: try issued.certificateText(), privateKey: try issued.privateKeyText())
      return (credentials, issued.certificate)
    } catch { throw CertificateIssuerError(what: "an administrator's certificate", problem: "\(error)") }
  }

  /// The operator's own Secret, of somebody else; and with its authorities those of the servers, for one may have
  /// changed before the other.
  private static func copied(
    _ builder: ObjectBuilder, _ observation: Observation
  ) throws(CertificateIssuerError) -> AdminCredentials {
    guard let name = builder.spec.tls.adminSecret else {
      throw CertificateIssuerError(
        what: "an administrator's certificate",
        problem: "spec.tls.adminSecret must name the Secret that it is in, since spec.tls.mode is Secrets")
    }
    guard let object = observation[.secret, name] else {
      throw CertificateIssuerError(what: "Secret \(name)", problem: "there is none")
    }
    let server = CertificateSecret(observation[.secret, Names.serverSecret(builder.name)], time: observation.time)
    do {
      let contents = SecretContents(object)
      let pair = try KeyPair(contents, certificate: Names.certificateKey, key: Names.privateKeyKey)
      try pair.checkDates(observation.time)
      let identity = try pair.identity()
      guard identity.satisfies(.client) else { throw LeafProblem.invalid("it is \(identity.role.title)") }
      let own = try TrustBundle(pem: contents[Names.trustKey] ?? "").authorities
      return AdminCredentials(
        authorities: try TrustBundle(own + server.trusted).text(), certificate: pair.certificateText,
        privateKey: pair.keyText)
    } catch {
      let problem = (error as? LeafProblem)?.text ?? "\(Names.trustKey): \(error)"
      throw CertificateIssuerError(what: "an administrator's certificate from Secret \(name)", problem: problem)
    }
  }
}
