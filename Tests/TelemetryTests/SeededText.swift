import TestSupport

extension SeededGenerator {
  /// Random bytes read as UTF-8, with more of what escaping is about than chance would give.
  mutating func text() -> String {
    let special: [UInt8] = Array("\"\\\n\r\t\u{0}\u{1B}[\u{7F}\u{85}\u{2028}\u{2029}{}=, ".utf8)
    let bytes = (0..<Int.random(in: 0...24, using: &self)).map { _ in
      Bool.random(using: &self) ? special.randomElement(using: &self)! : UInt8.random(in: 0...255, using: &self)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Reads strings, objects and arrays as RFC 8259 has them, strictly, into dotted paths: no Foundation is needed, whose
/// parser is lenient in places.
struct JSONReader {
  struct Malformed: Error {
    let rest: String
  }

  private var rest: Substring.UnicodeScalarView
  private var values: [String: String] = [:]

  init(_ text: Substring) {
    self.rest = text.unicodeScalars
  }

  mutating func document() throws -> [String: String] {
    try self.value(path: "")
    guard self.rest.isEmpty else { throw self.malformed }
    return self.values
  }

  private var malformed: Malformed { Malformed(rest: String(self.rest)) }

  private mutating func value(path: String) throws {
    guard self.take("{") else {
      self.values[path] = try self.string()
      return
    }
    repeat {
      let key = try self.string()
      guard self.take(":") else { throw self.malformed }
      try self.value(path: path.isEmpty ? key : path + "." + key)
    } while self.take(",")
    guard self.take("}") else { throw self.malformed }
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard self.rest.first == scalar else { return false }
    self.rest.removeFirst()
    return true
  }

  private mutating func string() throws -> String {
    guard self.take("\"") else { throw self.malformed }
    var result = String.UnicodeScalarView()
    while let scalar = self.rest.popFirst() {
      switch scalar {
      case "\"": return String(result)
      case "\\": result.append(try self.escape())
      case "\u{0}"..<" ": throw self.malformed
      default: result.append(scalar)
      }
    }
    throw self.malformed
  }

  private mutating func escape() throws -> Unicode.Scalar {
    switch self.rest.popFirst() {
    case "\"": return "\""
    case "\\": return "\\"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "u":
      let digits = String(self.rest.prefix(4))
      self.rest.removeFirst(digits.unicodeScalars.count)
      guard let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value) else { throw self.malformed }
      return scalar
    default: throw self.malformed
    }
  }
}
