import NIOSSL
import SwiftASN1
import Testing
import X509

@testable import Certificates

@Suite struct IdentityTests {
  @Test("a certificate says who somebody is", arguments: CertificateProfile.allCases)
  func identity(profile: CertificateProfile) throws {
    let names = [try AlternativeName(dns: "a.example.com"), try .init(ip: "10.1.2.3"), try .init(uri: "spiffe://x/y")]
    let request = try CertificateRequest(profile: profile, name: "somebody", names: names)
    let certificate = try Fixture.authority().issue(request, now: Fixture.now).certificate
    for identity in [
      try CertificateIdentity(certificate), try CertificateIdentity(try NIOSSLCertificate(certificate)),
    ] {
      #expect(identity.role == profile)
      #expect(identity.names == names)
      #expect(try identity.subject(.commonName) == "somebody")
      #expect(try identity.subject(.uri) == "spiffe://x/y")
      #expect(identity.notAfter == certificate.notValidAfter)
    }
    #expect(try CertificateRequest(renewing: certificate) == request)
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var commonNames = ["somebody"]
    var usages: [ExtendedKeyUsage.Usage]? = [.serverAuth, .clientAuth]
    var keyUsage: KeyUsage?
    var constraints: BasicConstraints?
    var names: [GeneralName] = []
    var role: CertificateProfile?
    var error: IdentityError?
  }

  private static func uri(_ text: String) -> GeneralName { .uniformResourceIdentifier(text) }

  static let cases = [
    Case(testDescription: "for both, without a mark", role: .client),
    Case(testDescription: "for clients", usages: [.clientAuth], role: .client),
    Case(testDescription: "for servers", usages: [.serverAuth], role: .server),
    Case(testDescription: "without a usage", usages: nil, error: .noUsage),
    Case(testDescription: "for anything", usages: [.any], error: .noUsage),
    Case(testDescription: "for e-mail", usages: [.emailProtection], error: .noUsage),
    Case(testDescription: "a key that signs", keyUsage: KeyUsage(digitalSignature: true), role: .client),
    Case(testDescription: "a key that does not", keyUsage: KeyUsage(keyEncipherment: true), error: .keyNotForSigning),
    Case(
      testDescription: "an authority", constraints: .isCertificateAuthority(maxPathLength: nil), error: .isAuthority),
    Case(testDescription: "no authority", constraints: .notCertificateAuthority, role: .client),
    Case(testDescription: "the mark of a node", names: [uri("proglog:node")], role: .node),
    Case(testDescription: "the mark of an admin", names: [uri("proglog:admin")], role: .admin),
    Case(testDescription: "a mark twice", names: [uri("proglog:node"), uri("proglog:node")], role: .node),
    Case(testDescription: "two marks", names: [uri("proglog:node"), uri("proglog:admin")], error: .severalMarks),
    Case(
      testDescription: "a mark in capitals", names: [uri("ProgLog:node")], error: .unknownMark("ProgLog:node")),
    Case(testDescription: "an unknown mark", names: [uri("proglog:god")], error: .unknownMark("proglog:god")),
    Case(testDescription: "more than a mark", names: [uri("proglog:node/1")], error: .unknownMark("proglog:node/1")),
    Case(testDescription: "a mark as a host name", names: [.dnsName("proglog:node")], role: .client),
    Case(
      testDescription: "a node that may not serve", usages: [.clientAuth], names: [uri("proglog:node")],
      error: .markWithoutUsage(.node)),
    Case(
      testDescription: "a node that may not call", usages: [.serverAuth], names: [uri("proglog:node")],
      error: .markWithoutUsage(.node)),
    Case(
      testDescription: "an admin that may not call", usages: [.serverAuth], names: [uri("proglog:admin")],
      error: .markWithoutUsage(.admin)),
    Case(testDescription: "no common name", commonNames: [], role: .client),
    Case(testDescription: "two common names", commonNames: ["a", "b"], error: .severalCommonNames(2)),
    Case(testDescription: "a NUL in the name", commonNames: ["root\u{0}.evil"], error: .unreadableCommonName),
    Case(testDescription: "text that runs backwards", commonNames: ["\u{202E}toor"], error: .unreadableCommonName),
    Case(testDescription: "an empty name", commonNames: [""], error: .unreadableCommonName),
  ]

  @Test("what others issue is read with care", arguments: cases)
  func oddities(_ test: Case) throws {
    let subject = try DistinguishedName(
      test.commonNames.map {
        RelativeDistinguishedName.Attribute(type: .RDNAttributeType.commonName, utf8String: $0)
      })
    let certificate = try Fixture.oddity(subject: subject) {
      if let constraints = test.constraints { Critical(constraints) }
      if let keyUsage = test.keyUsage { keyUsage }
      if let usages = test.usages { try ExtendedKeyUsage(usages) }
      if !test.names.isEmpty { SubjectAlternativeNames(test.names) }
    }
    do {
      let identity = try CertificateIdentity(certificate)
      #expect(identity.role == test.role)
      #expect(test.error == nil)
    } catch {
      #expect(error == test.error)
    }
  }

  @Test("a subject is the common name, or the only URI")
  func subjects() throws {
    let certificate = try Fixture.oddity(subject: DistinguishedName {}) {
      try ExtendedKeyUsage([.clientAuth])
      SubjectAlternativeNames([Self.uri("spiffe://a/b"), Self.uri("spiffe://a/c")])
    }
    let identity = try CertificateIdentity(certificate)
    #expect(throws: IdentityError.noCommonName) { try identity.subject(.commonName) }
    #expect(throws: IdentityError.notOneURI(2)) { try identity.subject(.uri) }
    #expect(throws: IssuingError.notRenewable(.noCommonName)) { try CertificateRequest(renewing: certificate) }
  }
}
