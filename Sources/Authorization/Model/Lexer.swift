/// The words of a matcher or an effect.
struct Token: Equatable {
  enum Kind: Equatable {
    /// Letters, digits, `_` and dots: `r.sub`, `keyMatch`, `in`.
    case name(String)
    /// A text in single or double quotes. There are no escapes, as in casbin.
    case string(String)
    case symbol(Symbol)
    case end
  }

  enum Symbol: String, CaseIterable {
    case and = "&&"
    case or = "||"
    case equal = "=="
    case different = "!="
    case not = "!"
    case leftParenthesis = "("
    case rightParenthesis = ")"
    case leftBracket = "["
    case rightBracket = "]"
    case comma = ","
  }

  let kind: Kind
  /// Bytes of the text.
  let range: Range<Int>

  /// How an error names it.
  var spelling: String {
    switch kind {
    case .name(let name): "'\(name)'"
    case .string(let text): "the text '\(text)'"
    case .symbol(let symbol): "'\(symbol.rawValue)'"
    case .end: "the end"
    }
  }
}

struct Lexer {
  private let definition: ModelFile.Definition
  private var position: Int

  /// All tokens, the last of which is the end.
  static func tokens(of definition: ModelFile.Definition) throws(PolicyError) -> [Token] {
    var lexer = Lexer(definition: definition, position: definition.range.lowerBound)
    var tokens: [Token] = []
    repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
    return tokens
  }

  private var rest: ArraySlice<UInt8> { definition.text.bytes[position..<definition.range.upperBound] }

  private mutating func next() throws(PolicyError) -> Token {
    position += rest.prefix(while: Byte.isBlank).count
    let start = position
    guard let first = rest.first else { return Token(kind: .end, range: start..<start) }
    if first == Byte.quote || first == UInt8(ascii: "'") { return try string(quote: first) }
    let name = rest.prefix(while: Self.isNamePart)
    if !name.isEmpty {
      position += name.count
      return Token(kind: .name(name.text), range: start..<position)
    }
    for symbol in Token.Symbol.allCases where rest.starts(with: symbol.rawValue.utf8) {
      position += symbol.rawValue.utf8.count
      return Token(kind: .symbol(symbol), range: start..<position)
    }
    throw unknown(first)
  }

  private mutating func string(quote: UInt8) throws(PolicyError) -> Token {
    let start = position
    let content = rest.dropFirst().prefix { $0 != quote }
    guard content.endIndex < definition.range.upperBound else {
      throw definition.text.error(
        at: start, "the text has no closing quote", "close it; '#' and ';' begin a comment within quotes too")
    }
    position = content.endIndex + 1
    return Token(kind: .string(content.text), range: start..<position)
  }

  private func unknown(_ byte: UInt8) -> PolicyError {
    let character = rest.text.first.map { "\($0)" } ?? ""
    let advice =
      switch byte {
      case UInt8(ascii: "="): "write '==' to compare"
      case UInt8(ascii: "&"): "write '&&'"
      case UInt8(ascii: "|"): "write '||'"
      default: "the operators are ==, !=, &&, ||, ! and in"
      }
    return definition.text.error(at: position, "'\(character)' is no operator here", advice)
  }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
      true
    default: false
    }
  }
}
