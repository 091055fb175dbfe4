import Certificates
import FoundationEssentials
import KubernetesClient
import X509

/// Carries out what the plan asks for: one Secret, as a whole. The observation is the one that was planned with.
///
/// Apply what it makes with ``DesiredObject/replacing(_:)``: a Secret that changed since is not what was planned with,
/// and one operator must not undo what another one did a moment ago.
struct CertificateIssuer {
  private let builder: ObjectBuilder
  private let observation: Observation
  private let state: CertificateState
  private var now: Date { Date(seconds: observation.time) }

  init(_ builder: ObjectBuilder, _ observation: Observation) {
    self.builder = builder
    self.observation = observation
    state = CertificateState(builder, observation)
  }

  /// - Throws: ``CertificateIssuerError``, when the Secrets are not what the work was planned for.
  func secret(for work: CertificateWork) throws(CertificateIssuerError) -> DesiredObject {
    switch work {
    case .createAuthority: try createAuthority()
    case .repairAuthority: try repairAuthority()
    case .startRoll(let token): try startRoll(token)
    case .switchRoll: try switchRoll()
    case .finishRoll: try finishRoll()
    case .issueForServers(let requests, let keep): try serverSecret(requests, keep)
    case .issueForUser(let user, let request): try userSecret(user, request)
    case .copySecrets(let digest): try copiedSecret(digest)
    }
  }

  private func secret(
    _ name: String, _ component: Names.Component, type: String = Names.opaqueSecret,
    annotations: [String: String] = [:], _ data: [String: String]
  ) -> DesiredObject {
    var annotations = annotations
    annotations[Names.writtenAnnotation] = DateText.text(now)
    return builder.certificateSecret(name, component, type: type, annotations: annotations, data: data)
  }

  private func attempt<Value>(
    _ what: String, _ body: () throws -> Value
  ) throws(CertificateIssuerError) -> Value {
    do { return try body() } catch { throw CertificateIssuerError(what: what, problem: "\(error)") }
  }
}

// MARK: - The authority's Secret

extension CertificateIssuer {
  /// An authority and under which token it was made.
  private typealias Signer = (authority: CertificateAuthority, token: String)

  /// Its whole contents. The keys of the authorities stand in no other Secret.
  private func authoritySecret(
    signing: Signer?, next: Signer?, trusted: [Certificate]
  ) throws(CertificateIssuerError) -> DesiredObject {
    let name = Names.authoritySecret(builder.name)
    return try attempt("Secret \(name)") {
      var annotations: [String: String] = [:]
      annotations[Names.rollTokenAnnotation] = signing?.token
      annotations[Names.nextRollTokenAnnotation] = next?.token
      let data = [
        Names.trustKey: try TrustBundle(trusted).text(),
        // Empty rather than left out: what somebody else has applied as well would stay, and sign on.
        Names.authorityCertificate: try signing?.authority.certificateText() ?? "",
        Names.authorityKey: try signing?.authority.privateKeyText() ?? "",
        Names.nextAuthorityCertificate: try next?.authority.certificateText() ?? "",
        Names.nextAuthorityKey: try next?.authority.privateKeyText() ?? "",
      ]
      return secret(name, .certificates, annotations: annotations, data)
    }
  }

  private var signing: Signer? { state.authority.signing.map { ($0, state.authority.token) } }
  private var next: Signer? { state.authority.next.map { ($0, state.authority.nextToken) } }

  private func newAuthority() throws(CertificateIssuerError) -> CertificateAuthority {
    // The longest name of a ProgLog, this and what is added to tell authorities apart are the 64 characters of X.509.
    try attempt("a new authority") { try CertificateAuthority(creating: "\(builder.name) CA", now: now) }
  }

  private func createAuthority() throws(CertificateIssuerError) -> DesiredObject {
    guard state.authority.stage == .lost else { throw outdated("it has an authority") }
    // Made under the annotation as it is now, which so asks for no other.
    let token = observation.resource.annotations[Names.rollAuthorityAnnotation] ?? ""
    let made: Signer = (try newAuthority(), token)
    let inherited = state.inheritable
    return try authoritySecret(
      signing: inherited.isEmpty ? made : nil, next: inherited.isEmpty ? nil : made,
      trusted: inherited + [made.authority.certificate])
  }

  private func repairAuthority() throws(CertificateIssuerError) -> DesiredObject {
    let authority = state.authority
    guard authority.issuer != nil else { throw outdated("it has no authority") }
    let isStrange = state.stranger != nil
    let trusted = isStrange || authority.damage != nil ? state.inheritable : authority.trusted
    let own = [authority.signing, authority.next].compactMap { $0?.certificate }
    // Nobody trusts an authority yet that was put in the place of another.
    return try authoritySecret(
      signing: isStrange ? nil : signing, next: isStrange ? next ?? signing : next, trusted: trusted + own)
  }

  private func startRoll(_ token: String) throws(CertificateIssuerError) -> DesiredObject {
    guard state.authority.stage == .stable else { throw outdated("a roll is under way, or there is no authority") }
    let made: Signer = (try newAuthority(), token)
    return try authoritySecret(
      signing: signing, next: made, trusted: state.authority.trusted + [made.authority.certificate])
  }

  private func switchRoll() throws(CertificateIssuerError) -> DesiredObject {
    guard let next else { throw outdated("there is no next authority") }
    return try authoritySecret(signing: next, next: nil, trusted: state.authority.trusted)
  }

  private func finishRoll() throws(CertificateIssuerError) -> DesiredObject {
    guard state.authority.stage == .signing, let signing else {
      throw outdated("the next authority does not sign yet")
    }
    return try authoritySecret(signing: signing, next: nil, trusted: [signing.authority.certificate])
  }

  private func outdated(_ problem: String) -> CertificateIssuerError {
    CertificateIssuerError(what: "Secret \(Names.authoritySecret(builder.name))", problem: problem)
  }
}

// MARK: - What it signs

extension CertificateIssuer {
  private func serverSecret(
    _ requests: [CertificateWork.LeafRequest], _ keep: [CertificateWork.LeafRequest]
  ) throws(CertificateIssuerError) -> DesiredObject {
    let name = Names.serverSecret(builder.name)
    var data = [Names.trustKey: try trustText(), Names.gossipKeyring: keyring]
    for request in keep { try keepLeaf(request, of: state.server, name, in: &data) }
    for request in requests { try issue(request, into: &data) }
    return secret(name, .certificates, annotations: [Names.podsAnnotation: builder.podsText], data)
  }

  private func userSecret(
    _ user: String, _ request: CertificateWork.LeafRequest?
  ) throws(CertificateIssuerError) -> DesiredObject {
    let name = Names.userSecret(builder.name, user)
    var data = [Names.trustKey: try trustText()]
    if let request {
      try issue(request, into: &data)
    } else {
      let kept = CertificateWork.LeafRequest(use: .user, commonName: user, names: [], lifetime: 0)
      try keepLeaf(kept, of: state.users[user], name, in: &data)
    }
    return secret(name, .user, type: Names.tlsSecret, data)
  }

  private func copiedSecret(_ digest: String) throws(CertificateIssuerError) -> DesiredObject {
    let name = Names.serverSecret(builder.name)
    let copied = CopiedCertificates(builder, observation)
    guard var data = copied.data, copied.digest == digest else {
      throw CertificateIssuerError(what: "Secret \(name)", problem: "what it is copied from has changed")
    }
    data[Names.gossipKeyring] = keyring
    let annotations = [Names.podsAnnotation: builder.podsText, Names.digestAnnotation: digest]
    return secret(name, .certificates, annotations: annotations, data)
  }

  /// Made once and kept: servers with another one would not hear each other.
  private var keyring: String {
    guard let kept = state.server.contents[Names.gossipKeyring], GossipKeyring.isUsable(kept) else {
      return GossipKeyring.random()
    }
    return kept
  }

  private func trustText() throws(CertificateIssuerError) -> String {
    guard let text = state.trustText else { throw outdated("there is no authority") }
    return text
  }

  private func issue(
    _ request: CertificateWork.LeafRequest, into data: inout [String: String]
  ) throws(CertificateIssuerError) {
    guard let authority = state.authority.issuer else { throw outdated("there is no authority") }
    let issued = try attempt("the \(request.title)") { () throws in
      let form = try CertificateRequest(
        profile: request.profile, name: request.commonName, names: request.alternativeNames,
        lifetime: .seconds(request.lifetime))
      let issued = try authority.issue(form, now: now)
      return (certificate: try issued.certificateText(), key: try issued.privateKeyText())
    }
    data[request.keys.certificate] = issued.certificate
    data[request.keys.key] = issued.key
  }

  private func keepLeaf(
    _ request: CertificateWork.LeafRequest, of secret: CertificateSecret?, _ name: String,
    in data: inout [String: String]
  ) throws(CertificateIssuerError) {
    for key in [request.keys.certificate, request.keys.key] {
      guard let text = secret?.contents[key] else {
        throw CertificateIssuerError(what: "Secret \(name)", problem: "\(key), which was to be kept, is gone")
      }
      data[key] = text
    }
  }
}

/// Why a Secret cannot be made. The plan is made anew, and says what is the matter.
struct CertificateIssuerError: Error, Hashable, CustomStringConvertible {
  var what: String
  var problem: String

  var description: String { "\(what) cannot be made: \(problem)" }
}

extension DesiredObject {
  /// To be applied only over what was observed: with another `resourceVersion`, the API server refuses it as a
  /// conflict. Where nothing was observed, create it instead of applying it.
  func replacing(_ observed: KubernetesObject?) -> KubernetesObject {
    var object = object
    object.content["metadata"]?["resourceVersion"] = (observed?.resourceVersion).map { .string($0) }
    return object
  }
}
