import ProgLogClient
import Testing

@testable import Logctl

@Suite("logctl's contexts")
struct ContextTests {
  private static let text = """
    # Ada's
    current-context: production
    contexts:
      production:
        addrs: [a:1, "b:2"]
        tls:
          ca-file: /ca.pem
          cert-file: /ada.pem
          key-file: /ada-key.pem
          server-name: log.example.com
      here:
        addrs: c:3,d:4
      public:
        addrs: e:5
        tls: {}
    """

  private func file(_ text: String = Self.text) throws -> ContextFile { try ContextFile(path: "f", text: text) }

  @Test("a file is read")
  func reads() throws {
    let file = try self.file()
    #expect(file.contexts.map(\.name) == ["production", "here", "public"])
    #expect(file.contexts.map(\.addrs) == [["a:1", "b:2"], ["c:3", "d:4"], ["e:5"]])
    #expect(
      try file.current?.tls
        == TLSFields(caFile: "/ca.pem", certFile: "/ada.pem", keyFile: "/ada-key.pem", serverName: "log.example.com"))
    #expect(file.contexts[1].tls == nil && file.contexts[2].tls == TLSFields())
    #expect(try self.file("").contexts.isEmpty)
    #expect(try self.file("# nothing\n").current == nil)
  }

  @Test(
    "what makes no sense is an error with its place",
    arguments: [
      ("contexts: [a]", "f:1: here is to be a mapping"),
      ("context:\n  a: 1", "f:1: 'context' is not known here; there are: current-context, contexts"),
      ("contexts:\n  a:\n    addr: x:1", "f:3: 'addr' is not known here; there are: addrs, tls"),
      ("contexts:\n  a:\n    tls: {ca-file: /x}", "the context a has no addrs"),
      ("contexts:\n  a:\n    addrs: []", "the context a has no addrs"),
      ("contexts:\n  a:\n    addrs: x:1\n    tls: {key: /x}", "f:4: 'key' is not known here; there are: ca-file"),
      ("contexts:\n  a: {addrs: [[x]]}", "f:2: here is to be a text"), ("a: [", "f: "),
    ])
  func refuses(text: String, message: String) throws {
    let error = #expect(throws: ContextError.self) { try self.file(text) }
    #expect(error?.description.contains(message) == true, "\(String(describing: error))")
  }

  @Test("a current context that is not there is an error only for who needs it")
  func missing() throws {
    let file = try self.file("current-context: x\n" + "contexts: {a: {addrs: a:1}}")
    let error = #expect(throws: ContextError.self) { try file.current }
    #expect(error?.description == "f has no context x; there are: a")
    #expect(try file.context("a").addrs == ["a:1"])
  }

  @Test(
    "choosing another changes one line",
    arguments: [
      ("contexts: {}", "current-context: \"b\"\ncontexts: {}"),
      ("# x\ncurrent-context: a # y\ncontexts: {}\n", "# x\ncurrent-context: \"b\"\ncontexts: {}\n"),
      ("---\ncontexts: {}", "---\ncurrent-context: \"b\"\ncontexts: {}"),
    ])
  func replaces(text: String, expected: String) {
    #expect(ContextFile.replacingCurrent(in: text, by: "b") == expected)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var addr: String?
    var context: String?
    var environment: [String: String] = [:]
    var file = ContextTests.text
    var seeds: [String]
    var isSecure = false
    var testDescription: String { "\(addr ?? "-") \(context ?? "-") \(environment)" }
  }

  @Test(
    "the servers are those of the option, the context, the environment, the current context, or the default",
    arguments: [
      Case(file: "", seeds: ["127.0.0.1:8400"]), Case(seeds: ["a:1", "b:2"], isSecure: true),
      Case(environment: ["LOGCTL_ADDR": "x:1"], seeds: ["x:1"]),
      Case(context: "here", environment: ["LOGCTL_ADDR": "x:1"], seeds: ["c:3", "d:4"]),
      Case(environment: ["LOGCTL_CONTEXT": "here"], seeds: ["c:3", "d:4"]),
      Case(context: "public", environment: ["LOGCTL_CONTEXT": "here"], seeds: ["e:5"], isSecure: true),
      Case(addr: "y:1,[::1]:2", environment: ["LOGCTL_ADDR": "x:1"], seeds: ["y:1", "[::1]:2"]),
      Case(addr: "y:1", context: "production", seeds: ["y:1"], isSecure: true),
      Case(environment: ["LOGCTL_ADDR": "x:1", "LOGCTL_CONTEXT": "production"], seeds: ["x:1"], isSecure: true),
    ])
  func access(_ item: Case) throws {
    let access = try ServerAccess(
      addr: item.addr, context: item.context, tls: TLSFields(), environment: Environment { item.environment[$0] },
      contexts: self.file(item.file))
    #expect(access.seeds.map(\.description) == item.seeds)
    #expect((access.security != .plaintext) == item.isSecure)
  }

  @Test("options of TLS turn it on, and replace the fields of the context")
  func tls() throws {
    let none = Environment { _ in nil }
    let alone = try ServerAccess(
      addr: "y:1", context: nil, tls: TLSFields(caFile: "/x"), environment: none, contexts: self.file())
    #expect(alone.security == .tls(TLSFiles(authorities: "/x")))
    let both = try ServerAccess(
      addr: nil, context: nil, tls: TLSFields(serverName: "n"), environment: none, contexts: self.file())
    #expect(
      both.security
        == .tls(
          TLSFiles(authorities: "/ca.pem", certificate: "/ada.pem", privateKey: "/ada-key.pem", serverName: "n")))
    let half = "contexts: {a: {addrs: a:1, tls: {key-file: /x}}}"
    #expect(throws: ContextError.self) {
      try ServerAccess(addr: nil, context: "a", tls: TLSFields(), environment: none, contexts: self.file(half))
    }
  }
}
