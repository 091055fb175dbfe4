import Certificates
import FoundationEssentials
import X509

/// A certificate, what leads from it to an authority, and its key, as a Secret has them.
struct KeyPair: Sendable {
  /// The leaf first.
  let chain: [Certificate]
  /// PEM, as it was found.
  let certificateText: String
  let keyText: String

  var leaf: Certificate { chain[0] }

  /// - Throws: when one is missing or unreadable, or they do not belong together.
  init(_ contents: SecretContents, certificate: String, key: String) throws(LeafProblem) {
    guard contents.has(certificate) || contents.has(key) else { throw .missing }
    guard let certificateText = contents[certificate] else { throw .invalid("\(certificate) is missing or no text") }
    guard let keyText = contents[key] else { throw .invalid("\(key) is missing or no text") }
    do { chain = try PEM.certificates(in: certificateText) } catch { throw .invalid("\(certificate): \(error)") }
    let privateKey: Certificate.PrivateKey
    do { privateKey = try PEM.privateKey(in: keyText) } catch { throw .invalid("\(key): \(error)") }
    guard privateKey.publicKey == chain[0].publicKey else {
      throw .invalid("\(key) is not the key of the certificate in \(certificate)")
    }
    self.certificateText = certificateText
    self.keyText = keyText
  }

  /// - Throws: when it says nobody's name.
  func identity() throws(LeafProblem) -> CertificateIdentity {
    do { return try CertificateIdentity(leaf) } catch { throw .invalid("\(error)") }
  }

  /// - Throws: outside of its dates.
  func checkDates(_ time: Int64) throws(LeafProblem) {
    let now = Date(seconds: time)
    guard now <= leaf.notValidAfter else {
      throw LeafProblem(reason: .certificateExpiring, text: "it expired at \(DateText.text(leaf.notValidAfter))")
    }
    guard now >= leaf.notValidBefore else {
      throw .invalid("it is not valid before \(DateText.text(leaf.notValidBefore))")
    }
  }

  /// The authority that vouches for it.
  func anchor(among authorities: [Certificate]) -> Certificate? {
    // A few certificates, in any order; each is an issuer once, so that a circle ends.
    var subject = leaf
    var others = chain.dropFirst().prefix(CertificateVerifier.maximumChain)
    while true {
      if let anchor = authorities.first(where: { $0.hasSigned(subject) }) { return anchor }
      guard let index = others.firstIndex(where: { $0.hasSigned(subject) }) else { return nil }
      subject = others.remove(at: index)
    }
  }
}

extension Certificate {
  /// By the signature: names can be alike.
  func hasSigned(_ other: Certificate) -> Bool {
    subject == other.issuer && publicKey.isValidSignature(other.signature, for: other)
  }
}

extension Date {
  init(seconds: Int64) { self.init(timeIntervalSince1970: TimeInterval(seconds)) }

  /// The first whole second after it.
  var nextSecond: Int64 { Int64(timeIntervalSince1970.rounded(.down)) + 1 }
}
