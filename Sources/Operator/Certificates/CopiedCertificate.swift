import Certificates
import FoundationEssentials
import KubernetesClient
import X509

/// The certificate of one pod as somebody else's Secret has it, such as cert-manager's: checked, for a wrong one that
/// is copied would leave the pod without any.
struct CopiedCertificate: Sendable {
  let pair: KeyPair
  let trusted: [Certificate]

  /// - Throws: what is wrong with it, and how it has to be.
  init(_ secret: KubernetesObject, pod: String, host: String, time: Int64) throws(LeafProblem) {
    let contents = SecretContents(secret)
    pair = try KeyPair(contents, certificate: Names.certificateKey, key: Names.privateKeyKey)
    guard let trustText = contents[Names.trustKey] else { throw .invalid("\(Names.trustKey) is missing or no text") }
    do { trusted = try TrustBundle(pem: trustText).authorities } catch {
      throw .invalid("\(Names.trustKey): \(error)")
    }
    try Self.check(pair.identity(), pod: pod, host: host)
    try pair.checkDates(time)
    guard pair.anchor(among: trusted) != nil else {
      throw .invalid("no authority in \(Names.trustKey) has signed what is in \(Names.certificateKey)")
    }
  }

  private static func check(_ identity: CertificateIdentity, pod: String, host: String) throws(LeafProblem) {
    let name = identity.commonName ?? ""
    guard identity.role == .node else {
      let mark = RoleMark.uri(of: .node) ?? ""
      throw .invalid(
        "it is \(identity.role.title) of '\(name)' and must be a node certificate: with the URI \(mark) among its "
          + "alternative names, and the usages serverAuth and clientAuth")
    }
    guard name == pod else { throw .invalid("its common name is '\(name)' and must be the pod's, '\(pod)'") }
    guard identity.names.contains(where: { $0.covers(host) }) else {
      throw .invalid("its alternative names lack DNS:\(host), at which the other servers call the pod")
    }
  }
}

extension AlternativeName {
  /// Whether a client that calls the host takes it; `*` stands for the first label (RFC 6125 §6.4.3).
  fileprivate func covers(_ host: String) -> Bool {
    guard case .dns(let text) = self else { return false }
    let (name, host) = (text.lowercased(), host.lowercased())
    guard name.hasPrefix("*."), let dot = host.firstIndex(of: ".") else { return name == host }
    return name.dropFirst() == host[dot...]
  }
}
