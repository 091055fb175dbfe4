import NIOCore
import NIOSSL

/// Why a TLS connection did not come about, or ended at once.
package enum HandshakeFailure: Error, Hashable {
  /// We do not believe who the other end says it is.
  case refused(VerificationError)
  /// A client that showed no certificate.
  case noCertificate
  /// The other end refuses us, by this alert (RFC 8446 §6.2). In TLS 1.3 a client hears of it when its handshake is over.
  case refusedByPeer(alert: String)
  /// What came is no TLS.
  case notTLS
  /// A version before TLS 1.2.
  case unsupportedVersion
  case noSharedCipher
  case timedOut
  /// The other end went away.
  case closed
  case other(String)
}

extension HandshakeFailure {
  /// For metrics: few, and always the same.
  package var label: String {
    switch self {
    case .refused(let error): error.label
    case .noCertificate: "no_certificate"
    case .refusedByPeer: "refused_by_peer"
    case .notTLS: "not_tls"
    case .unsupportedVersion: "unsupported_version"
    case .noSharedCipher: "no_shared_cipher"
    case .timedOut: "timed_out"
    case .closed: "closed"
    case .other: "other"
    }
  }
}

extension HandshakeFailure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .refused(let error): "the peer's certificate is refused: \(error)"
    case .noCertificate: "the peer showed no certificate: clients need one of a trusted authority"
    case .refusedByPeer(let alert): "the peer refuses us: \(alert)"
    case .notTLS: "what the peer sent is no TLS: is TLS switched on there?"
    case .unsupportedVersion: "the peer has no TLS 1.2 and nothing newer"
    case .noSharedCipher: "the peer has no cipher suite that is allowed here"
    case .timedOut: "the TLS handshake took too long"
    case .closed: "the peer closed the connection in the TLS handshake"
    case .other(let reason): "the TLS handshake failed: \(reason)"
    }
  }
}

extension HandshakeFailure {
  /// From what NIOSSL says, which has BoringSSL's reasons as text only.
  ///
  /// - Returns: nil for what is no matter of TLS.
  init?(_ error: any Error) {
    let stack: NIOBoringSSLErrorStack
    switch error {
    case let error as HandshakeFailure:
      self = error
      return
    case NIOSSLError.handshakeFailed(.sslError(let errors)), BoringSSLError.sslError(let errors): stack = errors
    case NIOSSLError.handshakeFailed(let error):
      self = .other("\(error)")
      return
    case NIOSSLError.uncleanShutdown:
      self = .closed
      return
    default: return nil
    }
    self.init(reasons: stack.map(\.description).joined(separator: "; "), isEnd: stack.contains(.eofDuringHandshake))
  }

  private init(reasons: String, isEnd: Bool) {
    if isEnd {
      self = .closed
    } else if reasons.contains("PEER_DID_NOT_RETURN_A_CERTIFICATE") {
      self = .noCertificate
    } else if let alert = Self.alert(in: reasons) {
      self = .refusedByPeer(alert: alert)
    } else if ["WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST"].contains(where: reasons.contains) {
      self = .notTLS
    } else if reasons.contains("UNSUPPORTED_PROTOCOL") {
      self = .unsupportedVersion
    } else if ["NO_SHARED_CIPHER", "WRONG_CURVE", "NO_SHARED_GROUP"].contains(where: reasons.contains) {
      // The two others are of clients that offer no key exchange by elliptic curves, or none with one of ours.
      self = .noSharedCipher
    } else {
      self = .other(reasons)
    }
  }

  /// `TLSV1_ALERT_UNKNOWN_CA` as "unknown ca".
  private static func alert(in reasons: String) -> String? {
    for prefix in ["TLSV1_ALERT_", "SSLV3_ALERT_"] {
      guard let range = reasons.firstRange(of: prefix) else { continue }
      let name = reasons[range.upperBound...].prefix { $0.isUppercase || $0 == "_" || $0.isNumber }
      return name.lowercased().split(separator: "_").joined(separator: " ")
    }
    return nil
  }
}
