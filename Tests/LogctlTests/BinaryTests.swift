import Foundation
import Testing

/// The program as users run it.
@Suite("logctl as a program", .timeLimit(.minutes(1)))
struct BinaryTests {
  private struct Result {
    let code: Int32
    let output: String
    let error: String
  }

  private func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Result {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let process = Process()
    // SwiftPM builds both into one directory.
    process.executableURL = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("logctl")
    process.arguments = arguments
    // A sanitizer's options are not the user's.
    let options = ProcessInfo.processInfo.environment.filter { name, _ in
      name.hasSuffix("SAN_OPTIONS") || name == "LD_PRELOAD"
    }
    process.environment = environment.merging(options) { given, _ in given }
    let output = Pipe()
    let error = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = error
    try process.run()
    // Both are far smaller than a pipe's buffer, so reading one after the other cannot block the program.
    let outputData = output.fileHandleForReading.readDataToEndOfFile()
    let errorData = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Result(
      code: process.terminationStatus, output: String(decoding: outputData, as: UTF8.self),
      error: String(decoding: errorData, as: UTF8.self))
  }

  @Test(
    "each command's help shows how it is used",
    arguments: [
      "produce", "consume", "offsets", "servers", "log", "log verify", "log dump", "log repair", "version", "cluster",
      "cluster status", "cluster add", "cluster promote", "cluster demote", "cluster remove", "cluster transfer",
      "cluster bootstrap", "certs", "certs init", "certs issue", "certs renew", "certs verify", "certs show",
      "certs roll", "certs roll start", "certs roll switch", "certs roll finish", "certs roll abort",
      "certs roll status", "acl", "acl check",
    ])
  func help(command: String) throws {
    let result = try self.run(command.split(separator: " ").map(String.init) + ["--help"])
    #expect(result.code == 0)
    #expect(result.output.contains("Example"))
    #expect(result.output.contains("\n  logctl \(command)"))
  }

  @Test("the help of logctl lists its commands and exit codes")
  func overview() throws {
    let result = try self.run(["--help"])
    #expect(result.code == 0)
    for word in ["produce", "consume", "offsets", "servers", "cluster", "version", "LOGCTL_ADDR", "Exit codes"] {
      #expect(result.output.contains(word))
    }
  }

  @Test(
    "nobody listening is one line on standard error and exit code 3",
    arguments: [
      ["servers"], ["consume"], ["consume", "--from", "3", "--follow"], ["produce", "a"], ["produce", "-q", "a"],
      ["cluster", "status"], ["cluster", "remove", "a"], ["cluster", "bootstrap"], ["cluster", "add", "127.0.0.1:1"],
    ])
  func unreachable(arguments: [String]) throws {
    let result = try self.run(arguments, environment: ["LOGCTL_ADDR": "127.0.0.1:1"])
    #expect(result.code == 3)
    #expect(result.output == "")
    #expect(result.error == "logctl: cannot reach 127.0.0.1:1: connection refused: is logd running there?\n")
  }

  @Test("an environment that makes no sense, and a missing file, are plain failures")
  func failures() throws {
    let address = try self.run(["servers"], environment: ["LOGCTL_ADDR": "nowhere"])
    #expect(address.code == 1)
    #expect(address.error.hasPrefix("logctl: 'nowhere' is not an address HOST:PORT: the port is missing"))
    let file = try self.run(["produce", "--file", "/nonexistent/x"])
    #expect(file.code == 1)
    #expect(file.error == "logctl: cannot open /nonexistent/x: no such file or directory\n")
  }

  @Test("wrong usage exits with 64")
  func usage() throws {
    #expect(try self.run(["consume", "--from", "x"]).code == 64)
  }

  @Test("the version is one line")
  func version() throws {
    #expect(try self.run(["version"]).output == "logctl 0.1.0\n")
    #expect(try self.run(["--version"]).output == "logctl 0.1.0\n")
  }
}
