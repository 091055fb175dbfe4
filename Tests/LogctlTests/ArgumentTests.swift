import ArgumentParser
import FoundationEssentials
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
      (["consume", "--from-time", "yesterday"], "'yesterday' is no time: write it as 2026-11-21T15:04:05Z"),
      (["consume", "--from-time", "-1w"], "'-1w' is no time"),
      (["consume", "--from-time", "-1h", "--from", "3"], "give --from or --from-time, not both"),
      (["offsets", "--time", "-5x"], "'-5x' is no time"),
      (["produce", "--max-batch-bytes", "0"], "--max-batch-bytes must be more than 0, not 0"),
      (["consume", "--limit", "x"], "'x' is invalid for '--limit"),
      (["consume", "--format", "hex"], "'text', 'json', 'raw'"),
      (["consume", "--timeout", "0"], "--timeout must be more than 0"),
      (["consume", "--timeout", "inf"], "--timeout must be more than 0"),
      (["servers", "--addr", "localhost"], "--addr: 'localhost' is not an address HOST:PORT: the port is missing"),
      (["servers", "--addr", "a:1,"], "--addr: '' is not an address HOST:PORT"),
      (["servers", "--tls-cert-file", "x"], "--tls-cert-file and --tls-key-file go together"),
      (["bench", "produce", "--records", "0"], "--records must be more than 0"),
      (["bench", "produce", "--producers", "0"], "--producers must be more than 0, not 0"),
      (["bench", "consume", "--duration", "inf"], "--duration must be more than 0"),
      (["tail", "--last", "-1"], "--last"),
      (["completion", "csh"], "'csh' is invalid"),
      (["context", "use"], "Missing expected argument '<name>'"),
      (["cluster", "add"], "Missing expected argument '<[name=]host:port>'"),
      (["cluster", "add", "log-1"], "'log-1' is not an address HOST:PORT: the port is missing"),
      (["cluster", "add", "log-1=", "--voter"], "'' is not an address HOST:PORT"),
      (["cluster", "add", "a:1", "--wait", "-1"], "--wait"),
      (["cluster", "add", "a:1", "--wait", "5"], "--wait goes with --voter"),
      (["cluster", "promote", "log-1", "--wait", "inf"], "--wait must be from 0 to 2592000 seconds"),
      (["cluster", "promote"], "Missing expected argument '<name>'"),
      (["cluster", "remove", "log-1", "--force"], "Unknown option '--force'"),
      (["cluster", "status", "--format", "xml"], "'table' and 'json'"),
      (["cluster", "transfer", "a", "b"], "Unexpected argument 'b'"),
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
    "a time is RFC 3339, or ago",
    arguments: [
      ("2026-11-21T15:04:05Z", 1_795_273_445), ("2026-11-21T16:04:05+01:00", 1_795_273_445),
      ("2026-11-21T15:04:05.5Z", 1_795_273_445.5), ("-90s", 999_910), ("-90m", 994_600), ("-1h", 996_400),
      ("-2d", 827_200), ("-0s", 1_000_000),
    ])
  func times(text: String, seconds: Double) throws {
    let time = try PointInTime(argument: text, now: Date(timeIntervalSince1970: 1_000_000))
    #expect(time.date == Date(timeIntervalSince1970: seconds))
  }

  @Test("a consumer begins at a time, and stops after so many records", arguments: ["--limit", "--max-records", "-n"])
  func fromTime(limit: String) throws {
    let arguments = ["consume", "--from-time", "-1h", limit, "7"]
    let command = try #require(try LogctlCommand.parseAsRoot(arguments) as? ConsumeCommand)
    guard case .time(let date) = command.position else {
      Issue.record("\(command.position)")
      return
    }
    #expect(abs(date.timeIntervalSinceNow + 3_600) < 600)
    #expect(command.limit == 7)
  }

  @Test(
    "a node to be added is an address, with the name that it is to have before it",
    arguments: [
      ("log-1.example.com:8400", nil, "log-1.example.com:8400"), ("log-1=[::1]:8400", "log-1", "[::1]:8400"),
      ("a=b=c:1", "a", "b=c:1"),
    ] as [(String, String?, String)])
  func newcomer(argument: String, name: String?, address: String) throws {
    let command = try #require(
      try LogctlCommand.parseAsRoot(["cluster", "add", argument, "--voter", "--wait", "5"]) as? ClusterAddCommand)
    #expect(command.node.name == name)
    #expect(command.node.address.description == address)
    #expect(command.voter && command.waiting.wait == 5)
  }

  @Test("values may look like anything after --")
  func terminator() throws {
    let command = try #require(try LogctlCommand.parseAsRoot(["produce", "--", "--file", "-"]) as? ProduceCommand)
    #expect(command.values == ["--file", "-"])
  }
}
