import Logging
import Synchronization
import TestSupport
import Testing

@testable import Telemetry

/// What a handler wrote.
private final class Lines: Sendable {
  private let lines = Mutex<[String]>([])

  var sink: LogSink {
    LogSink { line in self.lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
  }

  var all: [String] { self.lines.withLock { $0 } }
}

private struct Failure: Error, CustomStringConvertible {
  let description: String
}

@Suite("Log handlers")
struct LogHandlerTests {
  private static let time = LogTimestamp(seconds: 1_767_323_045, milliseconds: 7)

  private func json(_ log: (Logger) -> Void, provider: Logger.MetadataProvider? = nil) -> [String] {
    let lines = Lines()
    let logger = Logger(label: "logd") { label in
      var handler = JSONLogHandler(label: label, sink: lines.sink, now: { Self.time })
      handler.metadataProvider = provider
      return handler
    }
    log(logger)
    return lines.all
  }

  private func text(color: Bool = false, _ log: (Logger) -> Void) -> [String] {
    let lines = Lines()
    log(
      Logger(label: "logd") { label in
        TextLogHandler(label: label, usesColor: color, sink: lines.sink, now: { Self.time })
      })
    return lines.all
  }

  @Test("a JSON line has time, level, logger and message, then the metadata by key")
  func writesJSON() {
    let lines = self.json { logger in
      var logger = logger
      logger[metadataKey: "node"] = "a"
      logger.info("listening", metadata: ["port": .stringConvertible(8400), "addr": "127.0.0.1"])
    }
    #expect(
      lines == [
        #"{"ts":"2026-01-02T03:04:05.007Z","level":"info","logger":"logd","msg":"listening","#
          + #""addr":"127.0.0.1","node":"a","port":"8400"}"# + "\n"
      ])
  }

  @Test("nested metadata nests, and a reserved key is renamed")
  func nestsJSON() {
    let lines = self.json { logger in
      logger.error(
        "x", metadata: ["d": ["k": ["1", ["z": "2"]], "e": [:]], "msg": "m", "metadata.msg": "n", "a": []])
    }
    #expect(
      lines == [
        #"{"ts":"2026-01-02T03:04:05.007Z","level":"error","logger":"logd","msg":"x","a":[],"#
          + #""d":{"e":{},"k":["1",{"z":"2"}]},"metadata.metadata.msg":"m","metadata.msg":"n"}"# + "\n"
      ])
  }

  @Test("the statement's metadata wins over the provider's, and that over the logger's")
  func mergesMetadata() {
    let provider = Logger.MetadataProvider { ["a": "provider", "b": "provider", "c": "provider"] }
    let lines = self.json(
      { logger in
        var logger = logger
        logger[metadataKey: "a"] = "logger"
        logger[metadataKey: "z"] = "logger"
        logger.notice("x", metadata: ["b": "statement"])
      }, provider: provider)
    #expect(lines.first?.contains(#""a":"provider","b":"statement","c":"provider","z":"logger""#) == true)
  }

  @Test("an error stands under swift-log's own keys")
  func writesErrors() {
    let lines = self.text { $0.error("failed", error: Failure(description: "disk full")) }
    #expect(lines.first?.contains(#" error.message="disk full" error.type="#) == true)
  }

  @Test("a line for a person has time, level, label, message and key=value")
  func writesText() {
    let lines = self.text { logger in
      logger.info("listening", metadata: ["addr": "127.0.0.1:8400", "name": "two words", "list": ["a", ["k": "v"]]])
      logger.critical("down", metadata: ["empty": "", "quote": "a\"b", "lines": "a\nb"])
    }
    #expect(
      lines == [
        "2026-01-02T03:04:05.007Z INFO     logd: listening addr=127.0.0.1:8400 list=[a,{k=v}] name=\"two words\"\n",
        #"2026-01-02T03:04:05.007Z CRITICAL logd: down empty="" lines="a\nb" quote="a\"b""# + "\n",
      ])
  }

  @Test("colours only where asked for")
  func colours() {
    #expect(
      self.text(color: true) { $0.warning("hot", metadata: ["k": "v"]) } == [
        "\u{1B}[2m2026-01-02T03:04:05.007Z\u{1B}[0m \u{1B}[33mWARNING\u{1B}[0m  logd: hot \u{1B}[2mk=\u{1B}[0mv\n"
      ])
  }

  @Test("whatever is logged, a JSON line is one line of valid JSON that reads back as what was logged")
  func survivesAnyText() throws {
    var random = SeededGenerator(seed: 20_260_102)
    for _ in 0..<2_000 {
      let message = random.text()
      let key = random.text()
      let value = random.text()
      let line = try #require(self.json { $0.info("\(message)", metadata: ["k": [key: .string(value)]]) }.first)
      #expect(line.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 1)
      #expect(line.utf8.last == UInt8(ascii: "\n"))
      var parser = JSONReader(line.dropLast())
      let object = try parser.document()
      #expect(object["msg"] == message)
      #expect(object["k." + key] == value)
    }
  }

  @Test("whatever is logged, a text line is one line without control characters")
  func keepsTextOnALine() throws {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<2_000 {
      let message = random.text()
      let value = random.text()
      let line = try #require(self.text { $0.info("\(message)", metadata: ["k": .string(value)]) }.first)
      let controls = line.unicodeScalars.dropLast().filter { $0.properties.generalCategory == .control }
      #expect(controls.isEmpty, "\(line.debugDescription)")
      #expect(line.last == "\n")
    }
  }

  @Test(
    "times are RFC 3339 in UTC",
    arguments: [
      (0, 0, "1970-01-01T00:00:00.000Z"), (951_782_400, 999, "2000-02-29T00:00:00.999Z"),
      (4_102_444_799, 10, "2099-12-31T23:59:59.010Z"),
    ])
  func writesTimes(seconds: Int, milliseconds: Int, expected: String) {
    #expect(LogTimestamp(seconds: seconds, milliseconds: milliseconds).rfc3339 == expected)
  }

  @Test("levels and formats are read in any case, and an unknown one lists what is allowed")
  func parsesOptions() throws {
    #expect(try Logger.Level(parsing: "INFO") == .info)
    #expect(try Logger.Level(parsing: "warn") == .warning)
    #expect(try LoggingFormat(parsing: "Json") == .json)
    let level = #expect(throws: UnknownOptionValue.self) { try Logger.Level(parsing: "verbose") }
    #expect(
      level?.description
        == "unknown log level 'verbose': allowed are trace, debug, info, notice, warning, error, critical")
    let format = #expect(throws: UnknownOptionValue.self) { try LoggingFormat(parsing: "xml") }
    #expect(format?.description == "unknown log format 'xml': allowed are auto, text, json")
  }
}
