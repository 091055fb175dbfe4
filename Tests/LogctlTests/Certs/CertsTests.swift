import ArgumentParser
import Foundation
import TestSupport
import Testing

@testable import Logctl

@Suite("logctl certs")
struct CertsTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func logctl(_ line: String) async throws -> (status: Int32, output: String, errors: String) {
    try await TestSupport.run(
      "/usr/bin/env",
      ["--chdir=\(directory.path)", Products.path("logctl"), "certs"] + line.split(separator: " ").map(String.init))
  }

  /// Runs commands one after the other in one directory; each is a line, its exit code and what it prints.
  private func transcript(_ steps: [(line: String, status: Int32, prints: [String])]) async throws {
    for step in steps {
      let result = try await logctl(step.line)
      #expect(result.status == step.status, "\(step.line): \(result.errors)")
      for text in step.prints {
        #expect((result.output + result.errors).contains(text), "\(step.line): \(result.output)\(result.errors)")
      }
    }
  }

  @Test("an authority is made once, and certificates by it")
  func making() async throws {
    try await transcript([
      ("issue --profile client --name root", 1, ["no authority in certs: 'logctl certs init --dir certs' makes one"]),
      ("init", 0, ["certs/ca.pem: the authority CN=ProgLog CA ", "certs/ca-key.pem: its key"]),
      ("init", 1, ["certs has an authority already", "'logctl certs roll start'"]),
      (
        "issue --profile node --name n1 --dns n1.example.com --ip ::1 --uri spiffe://a/b", 0,
        ["certs/n1.pem: a node certificate of n1 (DNS:n1.example.com, IP:::1, URI:spiffe://a/b), until "]
      ),
      ("issue --profile client --name root --lifetime 8h", 0, ["certs/root.pem: a client certificate of root, until "]),
      ("issue --profile client --name root", 1, ["certs/root-key.pem: it exists already, and was left as it is"]),
      ("issue --profile client --name root --force", 0, []),
      ("issue --profile admin --name a/b", 1, ["'a/b' cannot be the name of a file"]),
      (
        "issue --profile admin --name a/b --out alice.pem", 0,
        ["alice.pem: an admin certificate of a/b", "alice-key.pem"]
      ),
      ("show", 0, ["certs/ca.pem\n", "certs/n1.pem\n  subject  CN=n1\n  profile  node\n", "89 days left"]),
      ("show certs/ca-key.pem", 1, ["certs/ca-key.pem: a PRIVATE KEY is in it, where only a CERTIFICATE belongs"]),
    ])
  }

  @Test("what is believed, and what is not")
  func verifying() async throws {
    try await transcript([
      ("init", 0, []), ("init --dir other", 0, []),
      ("issue --profile node --name n1 --dns n1.example.com", 0, []),
      ("issue --profile client --name root", 0, []),
      ("verify certs/n1.pem", 0, ["certs/n1.pem: good: a node certificate of n1 (DNS:n1.example.com), until "]),
      ("verify certs/n1.pem --profile client --host n1.example.com --key certs/n1-key.pem", 0, []),
      ("verify certs/n1.pem --ca other/ca.pem", 1, ["certs/n1.pem: signed by CN=ProgLog CA ", "none of the trusted"]),
      (
        "verify certs/root.pem --profile node", 1,
        ["CN=root is a client certificate, where a node certificate is needed"]
      ),
      ("verify certs/n1.pem --host example.com", 1, ["it is not for 'example.com', but for DNS:n1.example.com"]),
      ("verify certs/n1.pem --key certs/root-key.pem", 1, ["the key does not belong to the certificate of CN=n1"]),
      ("verify certs/n1.pem --at 2020-01-01T00:00:00Z", 1, ["CN=n1 is not yet valid"]),
      ("verify none.pem --ca certs/ca.pem", 1, ["none.pem: cannot open it: no such file or directory"]),
      ("verify certs/n1.pem --ca certs/n1.pem", 1, ["certs/n1.pem: certificate 1 in it (CN=n1) is no authority"]),
    ])
  }

  @Test("renewal and a roll of the authority")
  func rolling() async throws {
    try await transcript([
      ("init", 0, []), ("issue --profile client --name root", 0, []),
      ("issue --profile node --name n1 --dns n1.example.com", 0, []),
      ("renew", 0, ["certs/n1.pem: not due, it is good until ", "certs/root.pem: not due"]),
      ("renew certs/n1.pem --force", 0, ["certs/n1.pem: a node certificate of n1 (DNS:n1.example.com), until "]),
      ("renew certs/n1.pem certs/none.pem", 1, ["certs/n1.pem: not due", "certs/none.pem: cannot open it"]),
      ("roll switch", 1, ["no roll is under way: 'logctl certs roll start' begins one"]),
      ("roll start", 0, ["certs/ca.pem: now also the authority CN=ProgLog CA "]),
      ("roll start", 1, ["next is 'logctl certs roll switch', or 'logctl certs roll abort' to take it back"]),
      ("roll abort", 0, ["now only the old authority again"]), ("roll start", 0, []),
      ("renew", 0, ["certs/root.pem: not due"]),
      ("roll status", 0, ["the new authority is in ca.pem, and the old one still signs", "signs: ", "is trusted: "]),
      ("roll finish", 1, ["next is 'logctl certs roll switch'"]),
      ("roll switch", 0, ["From now on signs the authority"]),
      ("roll finish", 1, ["still signed by the old authority: certs/n1.pem, certs/root.pem"]),
      ("renew", 0, ["certs/n1.pem: a node certificate", "certs/root.pem: a client certificate"]),
      ("roll finish", 0, ["now only the authority CN=ProgLog CA "]),
      ("verify certs/n1.pem", 0, []), ("roll status", 0, ["no roll is under way"]),
    ])
  }

  @Test("JSON has an object for each certificate")
  func json() async throws {
    try await transcript([("init", 0, []), ("issue --profile client --name root --uri urn:x", 0, [])])
    let lines = try await logctl("show certs/root.pem certs/ca.pem --format json").output.split(separator: "\n")
    let objects = try lines.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
    #expect(objects.count == 2)
    #expect(objects[0]?["common_name"] as? String == "root")
    #expect(objects[0]?["profile"] as? String == "client")
    #expect(objects[0]?["names"] as? [String] == ["URI:urn:x"])
    #expect(objects[1]?["profile"] as? String == "authority")
    #expect(objects[1]?["subject"] as? String == objects[0]?["issuer"] as? String)
  }

  @Test(
    "OpenSSL agrees with what the commands have made",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"), "needs openssl ('make deps')"))
  func openssl() async throws {
    try await transcript([
      ("init", 0, []), ("issue --profile node --name n1 --dns n1.example.com --ip 127.0.0.1", 0, []),
    ])
    let file = { (name: String) in directory.file("certs/\(name)") }
    let verified = try await TestSupport.run(
      "/usr/bin/openssl",
      [
        "verify", "-x509_strict", "-CAfile", file("ca.pem"), "-verify_hostname", "n1.example.com", "-verify_ip",
        "127.0.0.1", file("n1.pem"),
      ])
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    let fingerprint = try await TestSupport.run(
      "/usr/bin/openssl", ["x509", "-in", file("n1.pem"), "-noout", "-fingerprint", "-sha256"])
    let shown = try await logctl("show certs/n1.pem").output
    let digits = fingerprint.output.split(separator: "=").last?.filter { $0.isHexDigit }.lowercased() ?? "none"
    #expect(shown.contains(digits), "\(shown)")
  }

  @Test(
    "a command line that makes no sense is refused with what is wrong",
    arguments: [
      (["issue", "--name", "x"], "--profile"),
      (["issue", "--profile", "god", "--name", "x"], "'node', 'server', 'client' or 'admin'"),
      (["issue", "--profile", "node", "--name", "x"], "needs a host name or an IP address"),
      (["issue", "--profile", "client", "--name", ""], "'' is empty"),
      (["issue", "--profile", "client", "--name", "x", "--uri", "proglog:node"], "marks a role"),
      (["issue", "--profile", "node", "--name", "x", "--dns", "1.2.3.4"], "give it as an IP address"),
      (["issue", "--profile", "client", "--name", "x", "--lifetime", "90"], "'90' is no lifetime"),
      (["issue", "--profile", "client", "--name", "x", "--lifetime", "0d"], "'0d' is no lifetime"),
      (["init", "--lifetime", "99999999d"], "'99999999d' is no lifetime"),
      (["renew", "--key", "k", "a", "b"], "--key goes with one certificate, not 2"),
      (["verify", "a", "--at", "soon"], "'soon' is no time"),
      (["show", "--format", "xml"], "'text' and 'json'"),
    ])
  func refuses(arguments: [String], message: String) {
    do {
      _ = try LogctlCommand.parseAsRoot(["certs"] + arguments)
      Issue.record("\(arguments) was taken")
    } catch {
      let text = LogctlCommand.fullMessage(for: error)
      #expect(text.contains(message), "\(text)")
    }
  }
}
