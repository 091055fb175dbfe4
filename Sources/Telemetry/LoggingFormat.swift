import Glibc
package import Logging

/// How log lines are written.
package enum LoggingFormat: String, CaseIterable, Sendable {
  /// Text where standard error is a terminal, JSON otherwise.
  case auto
  case text
  case json

  /// - Throws: ``UnknownOptionValue``, which lists the formats.
  package init(parsing text: String) throws(UnknownOptionValue) {
    guard let format = Self(rawValue: text.lowercased()) else {
      throw UnknownOptionValue(option: "log format", value: text, allowed: Self.allCases.map(\.rawValue))
    }
    self = format
  }

  /// Makes this the format of every `Logger`. To be called once, before the first of them is made.
  package func bootstrap(level: Logger.Level, metadataProvider: Logger.MetadataProvider? = nil) {
    let isTerminal = isatty(STDERR_FILENO) == 1
    let usesJSON = self == .json || (self == .auto && !isTerminal)
    // https://no-color.org
    let usesColor = isTerminal && getenv("NO_COLOR") == nil
    LoggingSystem.bootstrap(
      { label, provider in
        var handler: any LogHandler =
          usesJSON ? JSONLogHandler(label: label) : TextLogHandler(label: label, usesColor: usesColor)
        handler.logLevel = level
        handler.metadataProvider = provider
        return handler
      }, metadataProvider: metadataProvider)
  }
}

extension Logger.Level {
  /// A level by its name, in any case; `warn` is `warning`.
  ///
  /// - Throws: ``UnknownOptionValue``, which lists the levels.
  package init(parsing text: String) throws(UnknownOptionValue) {
    let name = text.lowercased()
    guard let level = Self(rawValue: name == "warn" ? "warning" : name) else {
      throw UnknownOptionValue(option: "log level", value: text, allowed: Self.allCases.map(\.rawValue))
    }
    self = level
  }
}

/// A value that an option does not know.
package struct UnknownOptionValue: Error, Equatable, CustomStringConvertible {
  package let option: String
  package let value: String
  package let allowed: [String]

  package var description: String {
    "unknown \(self.option) '\(self.value)': allowed are \(self.allowed.joined(separator: ", "))"
  }
}
