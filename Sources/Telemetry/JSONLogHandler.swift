package import Logging

/// One JSON object (RFC 8259) a line, for machines:
/// `{"ts":"2026-01-02T03:04:05.678Z","level":"info","logger":"logd","msg":"…","key":"value"}`.
///
/// Metadata stands beside the four fields, sorted by key; dictionaries and arrays nest. A key that one of the four has
/// already gets the prefix `metadata.`.
package struct JSONLogHandler: LogHandler {
  private static let reservedKeys: Set<String> = ["ts", "level", "logger", "msg"]

  package var logLevel = Logger.Level.info
  package var metadata = Logger.Metadata()
  package var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let sink: LogSink
  private let now: @Sendable () -> LogTimestamp

  package init(label: String, sink: LogSink = .standardError) {
    self.init(label: label, sink: sink, now: LogTimestamp.now)
  }

  init(label: String, sink: LogSink, now: @escaping @Sendable () -> LogTimestamp) {
    self.label = label
    self.sink = sink
    self.now = now
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { self.metadata[key] }
    set { self.metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var line = JSONLine()
    line.beginObject()
    line.member("ts", self.now().rfc3339)
    line.member("level", event.level.rawValue)
    line.member("logger", self.label)
    line.member("msg", event.message.description)
    var metadata = Logger.Metadata.merged(base: self.metadata, provider: self.metadataProvider, event: event)
    for key in Self.reservedKeys {
      guard let value = metadata.removeValue(forKey: key) else { continue }
      var renamed = "metadata." + key
      while metadata[renamed] != nil {
        renamed = "metadata." + renamed
      }
      metadata[renamed] = value
    }
    line.members(metadata)
    line.endObject()
    self.sink.write(line.bytes + [UInt8(ascii: "\n")])
  }
}

/// Writes JSON without a line break in it.
private struct JSONLine {
  private(set) var bytes: [UInt8] = []
  private var needsComma = false

  mutating func beginObject() { self.begin(UInt8(ascii: "{")) }
  mutating func endObject() { self.end(UInt8(ascii: "}")) }

  mutating func member(_ key: String, _ value: String) {
    self.key(key)
    self.separated { $0.string(value) }
  }

  mutating func members(_ metadata: Logger.Metadata) {
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      self.key(key)
      self.value(value)
    }
  }

  private mutating func value(_ value: Logger.MetadataValue) {
    switch value {
    case .string(let text):
      self.separated { $0.string(text) }
    case .stringConvertible(let value):
      self.separated { $0.string(value.description) }
    case .dictionary(let members):
      self.beginObject()
      self.members(members)
      self.endObject()
    case .array(let elements):
      self.begin(UInt8(ascii: "["))
      for element in elements {
        self.value(element)
      }
      self.end(UInt8(ascii: "]"))
    }
  }

  private mutating func key(_ key: String) {
    self.separated { $0.string(key) }
    self.bytes.append(UInt8(ascii: ":"))
    self.needsComma = false
  }

  private mutating func begin(_ bracket: UInt8) {
    self.separated { $0.bytes.append(bracket) }
    self.needsComma = false
  }

  private mutating func end(_ bracket: UInt8) {
    self.bytes.append(bracket)
    self.needsComma = true
  }

  private mutating func separated(_ write: (inout Self) -> Void) {
    if self.needsComma { self.bytes.append(UInt8(ascii: ",")) }
    write(&self)
    self.needsComma = true
  }

  private mutating func string(_ text: String) {
    self.bytes.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": self.bytes.append(contentsOf: #"\""#.utf8)
      case "\\": self.bytes.append(contentsOf: #"\\"#.utf8)
      case "\n": self.bytes.append(contentsOf: #"\n"#.utf8)
      case "\r": self.bytes.append(contentsOf: #"\r"#.utf8)
      case "\t": self.bytes.append(contentsOf: #"\t"#.utf8)
      // Control characters; and U+2028 and U+2029, which JSON allows but many readers of lines take for line ends.
      case "\u{0}"..<" ", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        self.bytes.append(contentsOf: #"\u"#.utf8)
        self.bytes.append(contentsOf: String(repeating: "0", count: 4 - digits.count).utf8)
        self.bytes.append(contentsOf: digits.utf8)
      default:
        self.bytes.append(contentsOf: UTF8.encode(scalar)!)
      }
    }
    self.bytes.append(UInt8(ascii: "\""))
  }
}
