import ArgumentParser
import ProgLogClient
import Testing

@testable import Logctl

@Suite("logctl's arguments")
struct ArgumentTests {
  @Test(
    "a command line that makes no sense is refused with what is wrong",
    arguments: [
      (["produce", "a", "--file", "x"], "give values or --file, not both"),
      (["produce", "a", "--whole"], "--whole is for --file or standard input"),
      (["produce", "--max-record-bytes", "0"], "--max-record-bytes must be more than 0, not 0"),
      (["produce", "--format", "xml"], "'xml' is invalid for '--format"),
      (["consume", "--from", "-1"], "--from"),
      (["consume", "--from", "first"], "'first' is neither an offset (0 or more) nor earliest nor latest"),
      (["consume", "--limit", "x"], "'x' is invalid for '--limit"),
      (["consume", "--format", "hex"], "'text', 'json', 'raw'"),
      (["consume", "--timeout", "0"], "--timeout must be more than 0"),
      (["consume", "--timeout", "inf"], "--timeout must be more than 0"),
      (["servers", "--addr", "localhost"], "--addr: 'localhost' is not an address HOST:PORT: the port is missing"),
      (["servers", "--addr", "a:1,"], "--addr: '' is not an address HOST:PORT"),
      (["delete"], "delete"),
    ])
  func refuses(arguments: [String], message: String) {
    do {
      _ = try LogctlCommand.parseAsRoot(arguments)
      Issue.record("\(arguments) was taken")
    } catch {
      let text = LogctlCommand.fullMessage(for: error)
      #expect(text.contains(message), "\(text)")
      #expect(LogctlCommand.exitCode(for: error) == .validationFailure)
    }
  }

  @Test(
    "a consumer begins where --from says",
    arguments: [
      ([], .earliest), (["--from", "earliest"], .earliest), (["--from", "latest"], .latest),
      (["--from", "18446744073709551615"], .offset(.max)),
    ] as [([String], ConsumePosition)])
  func from(arguments: [String], expected: ConsumePosition) throws {
    let command = try #require(try LogctlCommand.parseAsRoot(["consume"] + arguments) as? ConsumeCommand)
    #expect(command.from == expected)
  }

  @Test(
    "the server is the option's, else the environment's, else the default",
    arguments: [
      ([], nil, ["127.0.0.1:8400"]), ([], "a:1", ["a:1"]), (["--addr", "b:2"], "a:1", ["b:2"]),
      (["--addr", "b:2,[::1]:3"], nil, ["b:2", "[::1]:3"]),
    ] as [([String], String?, [String])])
  func seeds(arguments: [String], environment: String?, expected: [String]) throws {
    let options = try ConnectionOptions.parse(arguments)
    #expect(try options.seeds(environment: environment).map(\.description) == expected)
  }

  @Test("values may look like anything after --")
  func terminator() throws {
    let command = try #require(try LogctlCommand.parseAsRoot(["produce", "--", "--file", "-"]) as? ProduceCommand)
    #expect(command.values == ["--file", "-"])
  }
}
