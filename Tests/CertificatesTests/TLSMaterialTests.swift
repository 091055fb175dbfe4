import FoundationEssentials
import NIOSSL
import Testing
import X509

@testable import Certificates

@Suite struct TLSMaterialTests {
  enum Fault: String, CaseIterable, Sendable {
    case none, otherKey, noKey, certificateForKey, emptyTrust, leafAsTrust, foreignTrust, expired, early, client

    /// What the error says.
    var message: String {
      switch self {
      case .none: ""
      case .otherKey: "tls.key: the key does not belong to the certificate in tls.crt: were both replaced?"
      case .noKey: "tls.key: no '-----BEGIN PRIVATE KEY-----' in it: it must be PEM"
      case .certificateForKey: "tls.key: a CERTIFICATE is in it, where only a PRIVATE KEY belongs"
      case .emptyTrust: "ca.crt: no '-----BEGIN CERTIFICATE-----' in it: it must be PEM"
      case .leafAsTrust: "ca.crt: certificate 1 in it (CN=node-1) is no authority: its basic constraints do not say CA"
      case .foreignTrust: "tls.crt: signed by CN=Ours "
      case .expired:
        "tls.crt: CN=node-1 has expired: it was valid until 2027-04-15T08:00:00Z, and it is 2027-04-16T08:00:00Z"
      case .early: "tls.crt: CN=node-1 is not yet valid: it is from 2027-01-15T07:55:00Z on, and it is 2027-01-14"
      case .client: "tls.crt: CN=client-1 is a client certificate, where a node certificate is needed"
      }
    }
  }

  @Test("a set is good, or the error names the file and what is wrong with it", arguments: Fault.allCases)
  func faults(fault: Fault) async throws {
    let (ours, theirs) = (try Fixture.authority("Ours", now: Fixture.now - 9e6), try Fixture.authority("Theirs"))
    let issued = try ours.issue(Fixture.request(fault == .client ? .client : .node), now: Fixture.now)
    let other = try ours.issue(Fixture.request(.node), now: Fixture.now)
    let certificate = try issued.certificateText()
    let key =
      switch fault {
      case .otherKey: try other.privateKeyText()
      case .noKey: ""
      case .certificateForKey: certificate
      default: try issued.privateKeyText()
      }
    let trust =
      switch fault {
      case .emptyTrust: ""
      case .leafAsTrust: certificate
      case .foreignTrust: try theirs.certificateText()
      default: try ours.certificateText()
      }
    let days = fault == .expired ? 91.0 : fault == .early ? -1 : 0
    do {
      let material = try await TLSMaterial(
        certificate: certificate, key: key, trust: trust, sources: Fixture.sources, profile: .node,
        now: Fixture.now + days * Fixture.day)
      #expect(fault == .none)
      #expect(material.expiry.leaf == Fixture.now + 90 * Fixture.day)
      #expect(material.expiry.authorities.map(\.notAfter) == [ours.certificate.notValidAfter])
      #expect(material.identity.commonName == "node-1")
    } catch {
      #expect(error.description.hasPrefix(fault.message) && fault != .none, "\(error)")
    }
  }

  @Test("a server that is no node may have its certificate from elsewhere, but a good one", arguments: [0.0, 91])
  func publicServer(days: Double) async throws {
    let (ours, theirs) = (try Fixture.authority("Ours"), try Fixture.authority("Theirs"))
    let make = {
      try await Fixture.material(
        .server, from: theirs, trusting: [ours], now: Fixture.now + days * Fixture.day)
    }
    if days == 0 {
      #expect(try await make().trust.authorities == [ours.certificate])
    } else {
      let error = await #expect(throws: TLSMaterialError.self) { try await make() }
      guard case .leaf(.expired) = error?.problem else {
        Issue.record("\(error.debugDescription)")
        return
      }
    }
  }

  @Test("TLS 1.2 at least, few suites, and clients must show a certificate")
  func configurations() async throws {
    let material = try await Fixture.material(.node, from: Fixture.authority())
    let server = try material.serverConfiguration(applicationProtocols: ["h2"])
    let client = try material.clientConfiguration(applicationProtocols: ["h2"])
    for configuration in [server, client] {
      #expect(configuration.minimumTLSVersion == .tlsv12)
      #expect(configuration.cipherSuiteValues.count == 6)
      #expect(configuration.applicationProtocols == ["h2"])
    }
    #expect(server.certificateVerification == .noHostnameVerification)
    #expect(client.certificateVerification == .fullVerification)
  }
}
