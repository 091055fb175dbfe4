package import Logging

/// Lines for a person at a terminal: `2026-01-02T03:04:05.678Z INFO     logd: listening addr=127.0.0.1:8400`.
///
/// Nothing that is logged can break the line or reach the terminal as a control sequence.
package struct TextLogHandler: LogHandler {
  package var logLevel = Logger.Level.info
  package var metadata = Logger.Metadata()
  package var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let usesColor: Bool
  private let sink: LogSink
  private let now: @Sendable () -> LogTimestamp

  package init(label: String, usesColor: Bool, sink: LogSink = .standardError) {
    self.init(label: label, usesColor: usesColor, sink: sink, now: LogTimestamp.now)
  }

  init(label: String, usesColor: Bool, sink: LogSink, now: @escaping @Sendable () -> LogTimestamp) {
    self.label = label
    self.usesColor = usesColor
    self.sink = sink
    self.now = now
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { self.metadata[key] }
    set { self.metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let level = event.level.rawValue.uppercased()
    // As wide as the longest, CRITICAL, so that the columns stand.
    let padding = String(repeating: " ", count: 8 - level.count)
    var line = self.styled(self.now().rfc3339, .dim) + " " + self.styled(level, Style(event.level)) + padding + " "
    line += "\(self.label): \(LogText.escaped(event.message.description))"
    let metadata = Logger.Metadata.merged(base: self.metadata, provider: self.metadataProvider, event: event)
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      line += " " + self.styled(LogText.escaped(key) + "=", .dim) + LogText.rendered(value)
    }
    line += "\n"
    self.sink.write(Array(line.utf8))
  }

  /// SGR parameters (ECMA-48).
  private enum Style: String {
    case plain = "0"
    case dim = "2"
    case green = "32"
    case yellow = "33"
    case red = "31"
    case reverseRed = "1;31"

    init(_ level: Logger.Level) {
      self =
        switch level {
        case .trace, .debug: .dim
        case .info, .notice: .green
        case .warning: .yellow
        case .error: .red
        case .critical: .reverseRed
        }
    }
  }

  private func styled(_ text: String, _ style: Style) -> String {
    self.usesColor ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[\(Style.plain.rawValue)m" : text
  }
}

/// Text that stays on one line and sends nothing to the terminal.
enum LogText {
  static func rendered(_ value: Logger.MetadataValue) -> String {
    switch value {
    case .string(let text): self.quotedIfNeeded(text)
    case .stringConvertible(let value): self.quotedIfNeeded(value.description)
    case .array(let elements): "[" + elements.map(self.rendered).joined(separator: ",") + "]"
    case .dictionary(let members): "{" + self.rendered(members) + "}"
    }
  }

  private static func rendered(_ members: Logger.Metadata) -> String {
    members.sorted { $0.key < $1.key }.map { "\(self.escaped($0.key))=\(self.rendered($0.value))" }
      .joined(separator: ",")
  }

  /// In quotes when the value's end could not be seen without.
  private static func quotedIfNeeded(_ text: String) -> String {
    let needsQuotes = text.isEmpty || text.unicodeScalars.contains { " \"=,[]{}".unicodeScalars.contains($0) }
    let escaped = self.escaped(text)
    guard needsQuotes || escaped != text else { return text }
    return "\"" + escaped.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"") + "\""
  }

  /// Backslashes and control characters as escapes.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += #"\\"#
      case "\n": result += #"\n"#
      case "\r": result += #"\r"#
      case "\t": result += #"\t"#
      case "\u{0}"..<" ", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
