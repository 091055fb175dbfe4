import Certificates
import FoundationEssentials
import X509

extension CertificateWork.LeafRequest {
  /// Where it stands in its Secret.
  var keys: (certificate: String, key: String) {
    switch use {
    case .node(let pod): (Names.nodeCertificate(pod), Names.nodeKey(pod))
    case .server(let pod): (Names.serverCertificate(pod), Names.serverKey(pod))
    case .user: (Names.certificateKey, Names.privateKeyKey)
    }
  }

  var profile: CertificateProfile {
    switch use {
    case .node: .node
    case .server: .server
    case .user: .client
    }
  }

  /// As a person calls it.
  var title: String {
    switch use {
    case .node(let pod): "node certificate of \(pod)"
    case .server(let pod): "server certificate of \(pod)"
    case .user: "certificate of \(commonName)"
    }
  }

  var alternativeNames: [AlternativeName] { names.compactMap(Self.alternativeName) }

  /// Nil for what is neither a host name nor an address.
  static func alternativeName(_ text: String) -> AlternativeName? {
    if let address = try? AlternativeName(ip: text) { return address }
    return try? AlternativeName(dns: text)
  }
}

extension ObjectBuilder {
  /// What every pod shows: to other nodes, and to clients.
  var serverRequests: [CertificateWork.LeafRequest] {
    ordinals.flatMap { ordinal in
      let pod = Names.pod(name, ordinal)
      return [
        request(.node(pod: pod), pod, nodeCertificateNames(ordinal)),
        request(.server(pod: pod), pod, certificateNames(ordinal)),
      ]
    }
  }

  func userRequest(_ user: ProgLogSpec.User) -> CertificateWork.LeafRequest { request(.user, user.name, []) }

  /// Names that no certificate can have, such as a load balancer's that is no host name; the others are used.
  var unusableNames: [String] {
    let names = Set(ordinals.flatMap { nodeCertificateNames($0) + certificateNames($0) })
    return names.filter { CertificateWork.LeafRequest.alternativeName($0) == nil }.sorted()
  }

  private func request(
    _ use: CertificateWork.LeafRequest.Use, _ commonName: String, _ names: [String]
  ) -> CertificateWork.LeafRequest {
    let names = names.filter { CertificateWork.LeafRequest.alternativeName($0) != nil }
    return .init(use: use, commonName: commonName, names: Set(names).sorted(), lifetime: spec.tls.leafLifetime)
  }
}

extension CertificateWork.LeafRequest {
  /// - Throws: when what is there is not what is asked for.
  /// - Parameter authority: what has to have signed it.
  func check(_ pair: KeyPair, signedBy authority: AuthorityState, time: Int64) throws(LeafProblem) {
    let identity = try pair.identity()
    guard identity.role == profile else { throw .invalid("it is \(identity.role.title)") }
    guard identity.commonName == commonName else {
      throw .invalid("its common name is '\(identity.commonName ?? "")' and not '\(commonName)'")
    }
    let isOfSigner = authority.signing.map { $0.certificate.hasSigned(pair.leaf) } ?? false
    guard isOfSigner || authority.trusted.contains(where: { $0.hasSigned(pair.leaf) }) else {
      throw LeafProblem(reason: .certificateAuthorityChanged, text: "no authority that is trusted has signed it")
    }
    try pair.checkDates(time)
    try checkNames(identity)
    if let signing = authority.signing?.certificate, !isOfSigner {
      throw LeafProblem(
        reason: .certificateAuthorityChanged, text: "it is not of \(signing.subject), which signs now", isFatal: false)
    }
    try checkLife(pair.leaf, time: time)
  }

  /// Exactly: a name too many is one that somebody else may have by now.
  private func checkNames(_ identity: CertificateIdentity) throws(LeafProblem) {
    let (wanted, found) = (Set(alternativeNames), Set(identity.names))
    guard wanted != found else { return }
    let texts = [("lacks", wanted.subtracting(found)), ("must not have", found.subtracting(wanted))]
      .filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.map(\.description).sorted().joined(separator: ", "))" }
    throw LeafProblem(
      reason: .certificateNamesChanged, text: "it \(texts.joined(separator: " and "))", isFatal: false)
  }

  private func checkLife(_ leaf: Certificate, time: Int64) throws(LeafProblem) {
    guard !Lifetime.isRenewalDue(leaf, now: Date(seconds: time)) else {
      throw LeafProblem(
        reason: .certificateExpiring, text: "it expires at \(DateText.text(leaf.notValidAfter))", isFatal: false)
    }
    let life = leaf.notValidAfter.timeIntervalSince(leaf.notValidBefore)
    let longest = TimeInterval(lifetime + Lifetime.backdating.components.seconds)
    // A second more, for dates are whole seconds.
    guard life <= longest + 1 else {
      throw LeafProblem(
        reason: .specChanged, text: "it is valid for longer than spec.tls.leafLifetime", isFatal: false)
    }
  }
}
