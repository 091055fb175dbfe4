import Certificates
import FoundationEssentials
import KubernetesClient
import ProgLogClient
import X509

/// The Secrets of a ProgLog's own authority, read. Nothing in them makes it fail: what cannot be used is missing.
struct CertificateState: Sendable {
  let authority: AuthorityState
  let server: CertificateSecret
  /// By the user's name; those of `spec.users` only.
  let users: [String: CertificateSecret]
  let time: Int64
  private let answers: [MemberAnswer]
  private let requests: [CertificateWork.LeafRequest]

  init(_ builder: ObjectBuilder, _ observation: Observation) {
    time = observation.time
    answers = Array(observation.answers.values)
    requests = builder.serverRequests
    let time = observation.time
    func secret(_ name: String) -> CertificateSecret {
      CertificateSecret(observation[.secret, name], time: time)
    }
    authority = AuthorityState(secret(Names.authoritySecret(builder.name)), time: time)
    server = secret(Names.serverSecret(builder.name))
    users = Dictionary(
      builder.spec.users.map { ($0.name, secret(Names.userSecret(builder.name, $0.name))) }, uniquingKeysWith: { $1 })
  }

  /// What is trusted, as every Secret is to have it; nil without an authority.
  var trustText: String? {
    guard authority.stage != .lost else { return nil }
    return try? TrustBundle(authority.trusted).text()
  }

  /// Checks one certificate of a Secret.
  ///
  /// Without an authority that signs, only what is of no use at all is made anew: the next one is not trusted by all yet.
  func problem(_ request: CertificateWork.LeafRequest, in secret: CertificateSecret) -> LeafProblem? {
    do throws(LeafProblem) {
      let pair = try KeyPair(secret.contents, certificate: request.keys.certificate, key: request.keys.key)
      try request.check(pair, signedBy: authority, time: time)
      return nil
    } catch { return error.isFatal || authority.signing != nil ? error : nil }
  }

  func leaf(_ request: CertificateWork.LeafRequest, in secret: CertificateSecret) -> Certificate? {
    try? KeyPair(secret.contents, certificate: request.keys.certificate, key: request.keys.key).leaf
  }

  /// Every certificate that is in use and asked for.
  var leaves: [Certificate] {
    requests.compactMap { leaf($0, in: server) } + users.values.compactMap { leaf(Self.anyUser, in: $0) }
  }

  private static let anyUser = CertificateWork.LeafRequest(use: .user, commonName: "", names: [], lifetime: 0)
}

// MARK: - An authority that was lost

extension CertificateState {
  /// Authorities that servers and users go by, whatever the authority's Secret says. When that is lost, they stay trusted
  /// until nothing is left that they have signed.
  ///
  /// The servers' Secret is believed: who may write it has the servers' keys. A user's may be open to many, so of those
  /// only what a server that runs says that it trusts.
  var inheritable: [Certificate] {
    let reports = answers.compactMap { $0.report?.tls }
    let reported = Set(reports.flatMap { Set($0.peerAuthorities).intersection($0.serverAuthorities) })
    let ofUsers = users.sorted { $0.key < $1.key }.flatMap(\.value.trusted)
    let all = authority.trusted + server.trusted + ofUsers.filter { reported.contains($0.reportedFingerprint) }
    var seen: Set<Certificate> = []
    return all.filter { Date(seconds: time) < $0.notValidAfter && seen.insert($0).inserted }
  }

  /// An authority in use that the authority's Secret does not know: somebody has put another Secret in its place.
  /// Servers that are told to trust that one alone would not believe one another.
  var stranger: Certificate? {
    let unknown = server.trusted.filter {
      !authority.trusted.contains($0) && Date(seconds: time) < $0.notValidAfter
    }
    guard !unknown.isEmpty else { return nil }
    let leaves = requests.compactMap { leaf($0, in: server) }.filter { Date(seconds: time) < $0.notValidAfter }
    return unknown.first { authority in leaves.contains(where: authority.hasSigned) }
  }
}
