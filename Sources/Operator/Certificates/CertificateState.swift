import Certificates
import FoundationEssentials
import KubernetesClient
import ProgLogClient
import X509

/// The Secrets of a ProgLog's own authority, read once. Nothing in them makes it fail: what cannot be used is missing.
struct CertificateState: Sendable {
  typealias LeafRequest = CertificateWork.LeafRequest

  let authority: AuthorityState
  let server: CertificateSecret
  /// By the user's name; those of `spec.users` only.
  let users: [String: CertificateSecret]
  let time: Int64
  /// What is trusted, as every Secret is to have it; nil without an authority.
  let trustText: String?
  /// All that is asked for: of the servers, and of each user by name.
  let serverRequests: [LeafRequest]
  let userRequests: [String: LeafRequest]
  /// What there is for each.
  private let found: [LeafRequest: Result<KeyPair, LeafProblem>]
  private let answers: [MemberAnswer]

  init(_ builder: ObjectBuilder, _ observation: Observation) {
    let time = observation.time
    func secret(_ name: String) -> CertificateSecret { CertificateSecret(observation[.secret, name], time: time) }
    self.time = time
    answers = Array(observation.answers.values)
    authority = AuthorityState(secret(Names.authoritySecret(builder.name)), time: time)
    trustText = authority.stage == .lost ? nil : try? TrustBundle(authority.trusted).text()
    let server = secret(Names.serverSecret(builder.name))
    serverRequests = builder.serverRequests
    var found = Dictionary(uniqueKeysWithValues: serverRequests.map { ($0, Self.pair($0, in: server)) })
    var users: [String: CertificateSecret] = [:]
    var userRequests: [String: LeafRequest] = [:]
    for user in builder.spec.users {
      let (request, secret) = (builder.userRequest(user), secret(Names.userSecret(builder.name, user.name)))
      (users[user.name], userRequests[user.name]) = (secret, request)
      found[request] = Self.pair(request, in: secret)
    }
    (self.server, self.users, self.userRequests, self.found) = (server, users, userRequests, found)
  }

  private static func pair(_ request: LeafRequest, in secret: CertificateSecret) -> Result<KeyPair, LeafProblem> {
    Result { () throws(LeafProblem) in
      try KeyPair(secret.contents, certificate: request.keys.certificate, key: request.keys.key)
    }
  }

  /// What is wrong with the certificate that there is.
  ///
  /// Without an authority that signs, only what is of no use at all is made anew: the next one is not trusted by all
  /// yet.
  func problem(_ request: LeafRequest) -> LeafProblem? {
    do throws(LeafProblem) {
      guard let pair = try found[request]?.get() else { return .missing }
      try request.check(pair, signedBy: authority, time: time)
      return nil
    } catch { return error.isFatal || authority.signing != nil ? error : nil }
  }

  func leaf(_ request: LeafRequest) -> Certificate? { (try? found[request]?.get())?.leaf }

  /// Every certificate that is in use and asked for.
  var leaves: [Certificate] { found.keys.compactMap(leaf) }
}

// MARK: - An authority that was lost

extension CertificateState {
  /// Authorities that servers and users go by, whatever the authority's Secret says. When that is lost, they stay
  /// trusted until nothing is left that they have signed.
  ///
  /// The servers' Secret is believed: who may write it has the servers' keys. A user's may be open to many, so of those
  /// only what a server that runs says that it trusts.
  var inheritable: [Certificate] {
    let reports = answers.compactMap { $0.report?.tls }
    let reported = Set(reports.flatMap { Set($0.peerAuthorities).intersection($0.serverAuthorities) })
    let ofUsers = users.sorted { $0.key < $1.key }.flatMap(\.value.trusted)
    let all = authority.trusted + server.trusted + ofUsers.filter { reported.contains($0.fingerprint) }
    var seen: Set<Certificate> = []
    // Expired ones too, which do no harm: it may be our clock that is wrong.
    return all.filter { seen.insert($0).inserted }
  }

  /// An authority in use that the authority's Secret does not know: somebody has put another Secret in its place.
  /// Servers that are told to trust that one alone would not believe one another.
  var stranger: Certificate? {
    let known = authority.trusted + [authority.signing, authority.next].compactMap { $0?.certificate }
    let unknown = server.trusted.filter { !known.contains($0) && Date(seconds: time) < $0.notValidAfter }
    guard !unknown.isEmpty else { return nil }
    let leaves = serverRequests.compactMap(leaf).filter { Date(seconds: time) < $0.notValidAfter }
    return unknown.first { authority in leaves.contains(where: authority.hasSigned) }
  }
}
