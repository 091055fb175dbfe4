import NIOCore
import NIOSSL
import SwiftASN1
import Synchronization
import X509

/// The verification of one connection's peer, in its handshake.
///
/// It replaces NIOSSL's own, because that says only that it failed; what the operator of a cluster needs to know is
/// why. Both follow RFC 5280; this one is swift-certificates' and knows our profiles.
final class PeerVerification: Sendable {
  private let verifier: CertificateVerifier
  private let requirement: PeerRequirement
  private let clock: WallClock
  private let failure = Mutex<VerificationError?>(nil)

  init(_ verifier: CertificateVerifier, _ requirement: PeerRequirement, clock: WallClock) {
    self.verifier = verifier
    self.requirement = requirement
    self.clock = clock
  }

  /// Why the peer was refused, if it was.
  var error: VerificationError? { failure.withLock { $0 } }

  /// For NIOSSL, on the event loop.
  func callback(_ shown: [NIOSSLCertificate], _ promise: EventLoopPromise<NIOSSLVerificationResultWithMetadata>) {
    // Unstructured, as the library verifies asynchronously and an event loop waits for nobody. It does no I/O and ends by
    // itself soon; the handshake goes on when it does, or is given up before.
    promise.completeWithTask { await self.verify(shown) }
  }

  private func verify(_ shown: [NIOSSLCertificate]) async -> NIOSSLVerificationResultWithMetadata {
    do {
      let chain = try await verifier.verify(Self.parse(shown), for: requirement, now: clock.now())
      return .certificateVerified(VerificationMetadata(try Self.validated(chain)))
    } catch {
      failure.withLock { $0 = error }
      return .failed
    }
  }

  private static func parse(_ shown: [NIOSSLCertificate]) throws(VerificationError) -> [Certificate] {
    guard shown.count <= CertificateVerifier.maximumChain else {
      throw .tooManyCertificates(count: shown.count, limit: CertificateVerifier.maximumChain)
    }
    do { return try shown.map { try Certificate(derEncoded: $0.toDERBytes()) } } catch { throw .invalid("\(error)") }
  }

  private static func validated(_ chain: VerifiedChain) throws(VerificationError) -> NIOSSL.ValidatedCertificateChain {
    do { return try .init(chain.certificates.map { try NIOSSLCertificate($0) }) } catch { throw .invalid("\(error)") }
  }

  /// Who the peer is, once the handshake is over.
  ///
  /// A resumed session has no handshake in which certificates are verified. It was made under this very context, whose key
  /// alone opens its ticket, so the authorities are the same; what has changed since is the time.
  func identity(of leaf: NIOSSLCertificate) throws(VerificationError) -> CertificateIdentity {
    let certificate = try Self.parse([leaf])[0]
    let identity = try CertificateVerifier.identity(of: certificate, for: requirement)
    try CertificateVerifier.check(datesOf: certificate, now: clock.now())
    return identity
  }
}
