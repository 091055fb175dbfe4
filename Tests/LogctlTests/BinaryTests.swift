import Foundation
import TestSupport
import Testing

/// The program as users run it.
@Suite("logctl as a program", .timeLimit(.minutes(1)))
struct BinaryTests {
  private typealias Result = (code: Int32, output: String, error: String)

  private func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Result {
    // A person's own contexts are not the test's.
    let own = ["LOGCTL_CONFIG": "/nonexistent", "LOGCTL_ADDR": "", "LOGCTL_CONTEXT": ""]
    let result = try await TestSupport.run(
      Products.path("logctl"), arguments, environment: own.merging(environment) { _, given in given })
    return (result.status, result.output, result.errors)
  }

  @Test(
    "each command's help shows how it is used",
    arguments: [
      "produce", "consume", "offsets", "servers", "log", "log verify", "log dump", "log repair", "version", "cluster",
      "cluster status", "cluster add", "cluster promote", "cluster demote", "cluster remove", "cluster transfer",
      "cluster bootstrap", "certs", "certs init", "certs issue", "certs renew", "certs verify", "certs show",
      "certs roll", "certs roll start", "certs roll switch", "certs roll finish", "certs roll abort",
      "certs roll status", "acl", "acl check",
      "tail", "members", "bench", "bench produce", "bench consume", "context", "context list",
      "context use", "context show", "completion",
    ])
  func help(command: String) async throws {
    let result = try await self.run(command.split(separator: " ").map(String.init) + ["--help"])
    #expect(result.code == 0)
    #expect(result.output.contains("Example"))
    #expect(result.output.contains("\n  logctl \(command)"))
  }

  @Test("the help of logctl lists its commands and exit codes")
  func overview() async throws {
    let result = try await self.run(["--help"])
    #expect(result.code == 0)
    for word in [
      "produce", "consume", "tail", "bench", "context", "offsets", "servers", "cluster", "version", "LOGCTL_ADDR",
      "Exit codes",
    ] {
      #expect(result.output.contains(word))
    }
  }

  @Test(
    "nobody listening is one line on standard error and exit code 3",
    arguments: [
      ["servers"], ["consume"], ["consume", "--from", "3", "--follow"], ["produce", "a"], ["produce", "-q", "a"],
      ["tail"], ["members"], ["bench", "produce"], ["bench", "consume"],
      ["cluster", "status"], ["cluster", "remove", "a"], ["cluster", "bootstrap"], ["cluster", "add", "127.0.0.1:1"],
    ])
  func unreachable(arguments: [String]) async throws {
    let result = try await self.run(arguments, environment: ["LOGCTL_ADDR": "127.0.0.1:1"])
    #expect(result.code == 3)
    #expect(result.output == "")
    #expect(result.error == "logctl: cannot reach 127.0.0.1:1: connection refused: is logd running there?\n")
  }

  @Test("an environment that makes no sense, and a missing file, are plain failures")
  func failures() async throws {
    let address = try await self.run(["servers"], environment: ["LOGCTL_ADDR": "nowhere"])
    #expect(address.code == 1)
    #expect(address.error.hasPrefix("logctl: 'nowhere' is not an address HOST:PORT: the port is missing"))
    let file = try await self.run(["produce", "--file", "/nonexistent/x"])
    #expect(file.code == 1)
    #expect(file.error == "logctl: cannot open /nonexistent/x: no such file or directory\n")
  }

  @Test("a context is chosen by name, and a file that makes no sense is a plain failure")
  func contexts() async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "logctl-\(UUID())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let file = directory.appending(path: "config.yaml")
    try Data("# mine\ncontexts:\n  here: {addrs: '127.0.0.1:1'}\n".utf8).write(to: file)
    let environment = ["LOGCTL_CONFIG": file.path]
    #expect(
      try await self.run(["context", "use", "here"], environment: environment).output == "the current context is here\n"
    )
    #expect(
      try await self.run(["context", "list"], environment: environment).output
        == "   NAME  ADDRS        TLS\n*  here  127.0.0.1:1  no\n")
    let servers = try await self.run(["servers"], environment: environment)
    #expect(servers.code == 3 && servers.error.contains("cannot reach 127.0.0.1:1"))
    #expect(try String(contentsOf: file, encoding: .utf8).contains("# mine\n"))
    try Data("contexts:\n  here: {adrs: x}\n".utf8).write(to: file)
    let wrong = try await self.run(["servers"], environment: environment)
    #expect(wrong.code == 1)
    #expect(wrong.error == "logctl: \(file.path):2: 'adrs' is not known here; there are: addrs, tls\n")
  }

  @Test("a completion script names the commands", arguments: ["bash", "zsh", "fish"])
  func completion(shell: String) async throws {
    let result = try await self.run(["completion", shell])
    #expect(result.code == 0)
    #expect(result.output.contains("produce") && result.output.contains("tls-ca-file"))
  }

  @Test("wrong usage exits with 64")
  func usage() async throws {
    #expect(try await self.run(["consume", "--from", "x"]).code == 64)
  }

  @Test("the version is one line")
  func version() async throws {
    #expect(try await self.run(["version"]).output == "logctl 0.2.0\n")
    #expect(try await self.run(["--version"]).output == "logctl 0.2.0\n")
  }
}
