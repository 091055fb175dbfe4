import FoundationEssentials
import Testing
import X509

@testable import Certificates

@Suite struct AuthorityTests {
  @Test(
    "a certificate never outlives its authority, and is backdated",
    arguments: [
      // The authority's age in days, the leaf's lifetime in days, and how many it gets.
      (0, 90, 90), (3653 - 91, 90, 90), (3653 - 90, 90, 90), (3653 - 10, 90, 10), (0, 10_000, 3653),
    ] as [(Double, Double, Double)])
  func lifetimes(age: Double, lifetime: Double, days: Double) throws {
    let made = Fixture.now - age * Fixture.day
    let authority = try Fixture.authority(now: made)
    let request = try Fixture.request(.client, lifetime: .seconds(lifetime * Fixture.day))
    let leaf = try authority.issue(request, now: Fixture.now).certificate
    #expect(leaf.notValidAfter == Fixture.now + days * Fixture.day)
    #expect(leaf.notValidBefore == Fixture.now - 300)
    #expect(authority.certificate.notValidBefore == made - 300)
  }

  @Test("an authority that has expired, or is not yet valid, signs nothing")
  func dates() throws {
    let authority = try Fixture.authority()
    let name = "\(authority.certificate.subject)"
    let end = authority.certificate.notValidAfter
    #expect(throws: IssuingError.authorityExpired(subject: name, notAfter: end)) {
      try authority.issue(Fixture.request(.client), now: end)
    }
    let start = authority.certificate.notValidBefore
    #expect(throws: IssuingError.authorityNotYetValid(subject: name, notBefore: start)) {
      try authority.issue(Fixture.request(.client), now: start - 1)
    }
  }

  @Test("serial numbers are 128 random bits, positive, and keys are each one's own")
  func uniqueness() throws {
    let authority = try Fixture.authority()
    let issued = try (0..<64).map { _ in try authority.issue(Fixture.request(.client), now: Fixture.now) }
    let serials = issued.map { $0.certificate.serialNumber.bytes }
    #expect(Set(serials).count == issued.count)
    #expect(serials.allSatisfy { $0.count <= 16 })
    #expect(serials.contains { $0.count == 16 })
    #expect(Set(issued.map { $0.certificate.publicKey }).count == issued.count)
  }

  @Test("an authority is read back from its text, also out of a bundle")
  func text() throws {
    let (old, new) = (try Fixture.authority("Ours"), try Fixture.authority("Ours"))
    #expect(old.certificate.subject != new.certificate.subject)
    let bundle = try TrustBundle([old.certificate, new.certificate]).text()
    for authority in [old, new] {
      let read = try CertificateAuthority(certificatePEM: bundle, privateKeyPEM: authority.privateKeyText())
      #expect(read.certificate == authority.certificate)
    }
    #expect(throws: IssuingError.keyOfNoAuthority) {
      try CertificateAuthority(certificatePEM: old.certificateText(), privateKeyPEM: new.privateKeyText())
    }
  }

  @Test("what others ask for with their own key is signed")
  func certify() throws {
    let (authority, theirs) = (try Fixture.authority(), try Fixture.authority())
    let certificate = try authority.certify(
      theirs.certificate.publicKey, Fixture.request(.admin), now: Fixture.now)
    #expect(certificate.publicKey == theirs.certificate.publicKey)
    #expect(authority.certificate.publicKey.isValidSignature(certificate.signature, for: certificate))
  }

  @Test(
    "renewal is due when less than a third of the life is left",
    arguments: [
      (0, false), (59, false), (59.99, false), (60.01, true), (89, true), (91, true),
    ] as [(Double, Bool)])
  func renewal(days: Double, isDue: Bool) throws {
    let certificate = try Fixture.authority().issue(Fixture.request(.client), now: Fixture.now).certificate
    #expect(Lifetime.isRenewalDue(certificate, now: Fixture.now + days * Fixture.day) == isDue)
  }
}
