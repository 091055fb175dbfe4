/// Takes a line of `policy.csv` apart: fields between commas, without the blanks around them; a field in double
/// quotes is as it stands, with `""` for a quote.
enum CSVLine {
  struct Field: Equatable {
    var text: [UInt8]
    /// Where it begins in the line.
    let start: Int
  }

  struct Invalid: Error, Equatable {
    /// In the line.
    let place: Int
    let problem: String
    let advice: String
  }

  static func fields(of line: ArraySlice<UInt8>) throws(Invalid) -> [Field] {
    var fields: [Field] = []
    var rest = line
    while true {
      rest = rest.drop(while: Byte.isBlank)
      fields.append(rest.first == Byte.quote ? try quoted(&rest) : try plain(&rest))
      guard rest.popFirst() != nil else { return fields }
    }
  }

  /// Up to a comma, which stays.
  private static func plain(_ rest: inout ArraySlice<UInt8>) throws(Invalid) -> Field {
    let text = rest.prefix { $0 != Byte.comma }.trimmed
    if let quote = text.firstIndex(of: Byte.quote) {
      throw Invalid(
        place: quote, problem: "a quote stands within a field",
        advice: "quote the whole field, and write \"\" for the quote")
    }
    // casbin would take it for a part of the field, and the line would never match.
    if let comment = text.firstIndex(of: Byte.number), comment > text.startIndex, Byte.isBlank(text[comment - 1]) {
      throw Invalid(
        place: comment, problem: "a comment stands behind a field",
        advice: "give it a line of its own, or quote the field")
    }
    defer { rest = rest.drop { $0 != Byte.comma } }
    return Field(text: Array(text), start: rest.startIndex)
  }

  private static func quoted(_ rest: inout ArraySlice<UInt8>) throws(Invalid) -> Field {
    var field = Field(text: [], start: rest.startIndex)
    rest.removeFirst()
    while let byte = rest.popFirst() {
      guard byte == Byte.quote else {
        field.text.append(byte)
        continue
      }
      if rest.first == Byte.quote {
        field.text.append(Byte.quote)
        rest.removeFirst()
        continue
      }
      rest = rest.drop(while: Byte.isBlank)
      guard let next = rest.first, next != Byte.comma else { return field }
      throw Invalid(
        place: rest.startIndex, problem: "text stands behind the closing quote",
        advice: "put a comma before it, or write \"\" for a quote within the field")
    }
    throw Invalid(place: field.start, problem: "the quote is not closed", advice: "close it on the same line")
  }

  /// Writes fields so that they read back: a field is quoted where it has to be.
  static func text(_ fields: [String]) -> String {
    fields.map { needsQuotes($0) ? quoted($0) : $0 }.joined(separator: ", ")
  }

  private static func needsQuotes(_ field: String) -> Bool {
    field.utf8.contains { $0 == Byte.comma || $0 == Byte.quote || $0 == Byte.number }
      || field.utf8.first.map(Byte.isBlank) ?? true || field.utf8.last.map(Byte.isBlank) ?? true
  }

  /// By scalars: a quote with a combining mark behind it is one character, and no quote, to Swift.
  private static func quoted(_ field: String) -> String {
    var text = "\"".unicodeScalars
    for scalar in field.unicodeScalars {
      if scalar == "\"" { text.append(scalar) }
      text.append(scalar)
    }
    text.append("\"")
    return String(text)
  }
}
