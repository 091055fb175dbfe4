import Testing

@testable import Certificates

@Suite struct PEMTests {
  @Test("bundles are read with whatever stands between their blocks")
  func bundles() throws {
    let (one, two) = (try Fixture.authority().certificateText(), try Fixture.authority().certificateText())
    for text in [
      one + two, "# ours\n\(one)\n\nsubject=CN = Test\n\(two)end", one.replacing("\n", with: "\r\n") + two,
    ] {
      let bundle = try TrustBundle(pem: text)
      #expect(try bundle.text() == one + two)
    }
    #expect(try TrustBundle(pem: one + two + one).text() == one + two)
  }

  @Test("what is no bundle says what it is")
  func noBundles() throws {
    let authority = try Fixture.authority()
    let leaf = try authority.issue(Fixture.request(.client), now: Fixture.now)
    let good = try authority.certificateText()
    let lines = good.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let cases: [(String, String)] = [
      ("", "no '-----BEGIN CERTIFICATE-----' in it"), ("hello", "no '-----BEGIN CERTIFICATE-----' in it"),
      (try leaf.certificateText(), "is no authority: its basic constraints do not say CA"),
      (good + (try leaf.privateKeyText()), "a PRIVATE KEY is in it, where only a CERTIFICATE belongs"),
      (lines.dropLast(2).joined(separator: "\n"), "it is no valid PEM"),
      (good + good.replacing("CERTIFICATE-----\nMII", with: "CERTIFICATE----- \nMII"), "block 2 is not readable"),
      (lines[0] + "\n" + lines[1] + "\n" + lines[lines.count - 2], "certificate 1 in it cannot be read"),
      (good.replacing("A", with: "!"), "it is no valid PEM"),
      (String(repeating: " ", count: PEM.maximumBytes + 1), "bytes are more than"),
      (String(repeating: good, count: 257), "257 certificates are more than 256"),
    ]
    for (text, message) in cases {
      let error = #expect(throws: PEMError.self) { try TrustBundle(pem: text) }
      #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
  }

  @Test("what is no key says what it is")
  func noKeys() throws {
    let authority = try Fixture.authority()
    let key = try authority.privateKeyText()
    let cases: [(String, PEMError)] = [
      ("", .nothing(expected: "PRIVATE KEY")), (key + key, .severalKeys(2)),
      (try authority.certificateText(), .unexpected(found: "CERTIFICATE", expected: "PRIVATE KEY")),
      (key.replacing("PRIVATE", with: "ENCRYPTED PRIVATE"), .encryptedKey),
    ]
    for (text, error) in cases { #expect(throws: error) { try PEM.privateKey(in: text) } }
    #expect(try PEM.privateKey(in: key) == authority.privateKey)
  }

  @Test("bytes that are no text are told")
  func bytes() { #expect(throws: PEMError.malformed("it is no text")) { try PEM.text([0xFF, 0xFE]) } }

  @Test("an authority is added to a bundle once, and the last one stays")
  func roll() throws {
    let (old, new) = (try Fixture.authority().certificate, try Fixture.authority().certificate)
    let both = try TrustBundle([old]).adding(new)
    #expect(both.authorities == [old, new])
    #expect(try both.adding(new) == both)
    #expect(try both.removing(old).authorities == [new])
    #expect(throws: PEMError.self) { try both.removing(old).removing(new) }
  }
}
