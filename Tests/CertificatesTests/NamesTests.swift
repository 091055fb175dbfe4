import Testing

@testable import Certificates

@Suite struct NamesTests {
  @Test(
    "names for certificates are taken",
    arguments: [
      ("localhost", "DNS:localhost"), ("Log-0.Example.COM", "DNS:log-0.example.com"),
      ("*.example.com", "DNS:*.example.com"),
      ("_grpc._tcp.example.com", "DNS:_grpc._tcp.example.com"), ("10.1", "DNS:10.1"),
    ])
  func hosts(text: String, name: String) throws {
    #expect(try AlternativeName(dns: text).description == name)
  }

  @Test(
    "what is no host name is refused",
    arguments: [
      "", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "a/b", "ä", "*", "*.com", "a.*.com", "127.0.0.1", "::1", "a\u{0}",
      String(repeating: "a", count: 64), String(repeating: "a.", count: 127) + "a",
    ])
  func noHosts(text: String) { #expect(throws: IssuingError.self) { try AlternativeName(dns: text) } }

  @Test(
    "addresses are taken",
    arguments: [
      ("127.0.0.1", "IP:127.0.0.1"), ("::1", "IP:::1"), ("2001:DB8:0::1", "IP:2001:db8::1"),
    ])
  func addresses(text: String, name: String) throws {
    #expect(try AlternativeName(ip: text).description == name)
  }

  @Test(
    "what is no address is refused",
    arguments: [
      "", "localhost", "10.0.0", "010.0.0.1", "10.0.0.0/8", "[::1]", "fe80::1%eth0", "127.0.0.1:80", "127.0.0.1\u{0}",
    ])
  func noAddresses(text: String) { #expect(throws: IssuingError.self) { try AlternativeName(ip: text) } }

  @Test("URIs are taken", arguments: ["spiffe://example.com/reader", "urn:uuid:1", "a+b.c-1:x"])
  func uris(text: String) throws { #expect(try AlternativeName(uri: text).description == "URI:\(text)") }

  @Test(
    "what is no URI is refused, and a role that somebody gives himself",
    arguments: [
      "", "x", ":x", "1a:x", "a:", "a:b c", "a:ä", "proglog:node", "PROGLOG:admin", "proglog:", "proglog:x",
      "a:" + String(repeating: "b", count: 1024),
    ])
  func noURIs(text: String) { #expect(throws: IssuingError.self) { try AlternativeName(uri: text) } }

  @Test("requests that make no sense are refused")
  func requests() throws {
    let host = [try AlternativeName(dns: "localhost")]
    #expect(throws: IssuingError.noHost(.node)) { try CertificateRequest(profile: .node, name: "n1") }
    #expect(throws: IssuingError.noHost(.server)) {
      try CertificateRequest(profile: .server, name: "n1", names: [.init(uri: "a:b")])
    }
    #expect(throws: IssuingError.invalidLifetime(.zero)) {
      try CertificateRequest(profile: .client, name: "n1", lifetime: .zero)
    }
    for name in ["", " a", "a ", "a\nb", "\u{202E}a", String(repeating: "a", count: 65)] {
      #expect(throws: IssuingError.self) { try CertificateRequest(profile: .node, name: name, names: host) }
    }
    #expect(try CertificateRequest(profile: .node, name: "n1", names: host + host).names == host)
    #expect(try CertificateRequest(profile: .client, name: String(repeating: "ä", count: 64)).names.isEmpty)
  }

  @Test(
    "the key's file is named after the certificate's",
    arguments: [
      ("certs/n1.pem", "certs/n1-key.pem"), ("tls.crt", "tls.key"), ("n1", "n1.key"),
    ])
  func files(certificate: String, key: String) { #expect(KeyPairFiles(certificate: certificate).key == key) }

  @Test(
    "no name makes a file of another kind",
    arguments: [
      "", "ca", "ca-key", "ca-next", "a/b", "../a", ".a", "-a", "a-key", "a b", "ä",
    ])
  func reservedNames(name: String) {
    #expect(throws: AuthorityError.reservedName(name)) { try KeyPairFiles(name: name, in: "d") }
  }
}
