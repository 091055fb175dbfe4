/// A pattern that was compiled: what `keyMatch`, `keyMatch2` and `globMatch` compare a value with.
/// All three come down to the same few elements.
struct Pattern: Sendable, Equatable {
  /// casbin's functions.
  enum Kind: String, Sendable, CaseIterable, Hashable {
    case keyMatch
    case keyMatch2
    case globMatch
  }

  enum Element: Sendable, Equatable {
    case byte(UInt8)
    /// Any character but a slash.
    case any
    /// A character of a class, by its number, that is no slash.
    case oneOf(UInt8)
    /// Any number of characters but slashes.
    case some
    /// Any number of any characters.
    case everything
    /// Any number of whole path components, each with its slash.
    case components
    /// The end, or a slash and everything after it.
    case rest
  }

  /// Why a text is no pattern.
  struct Invalid: Error, Equatable {
    let problem: String
    let advice: String
  }

  /// Of a brace's choices, one has to match.
  let choices: [[Element]]
  let classes: [CharacterClass]

  init(_ kind: Kind, _ text: String) throws(Invalid) {
    switch kind {
    case .keyMatch:
      choices = [Self.keyMatch(text)]
      classes = []
    case .keyMatch2:
      choices = [try Self.keyMatch2(text)]
      classes = []
    case .globMatch:
      var compiler = GlobCompiler()
      choices = try compiler.compile(text)
      classes = compiler.classes
    }
  }

  /// Everything from the first `*` on is left out of the comparison; what stands behind it, too, as in casbin.
  private static func keyMatch(_ text: String) -> [Element] {
    let head = text.utf8.prefix { $0 != Byte.star }
    let elements = head.map { Element.byte($0) }
    return head.endIndex == text.utf8.endIndex ? elements : elements + [.everything]
  }

  /// `:name` is one component of a path, a `*` after a slash everything that follows. casbin makes a regular
  /// expression of the pattern, so that other characters have a meaning there that nobody expects of a path: these
  /// are refused.
  private static func keyMatch2(_ text: String) throws(Invalid) -> [Element] {
    var elements: [Element] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      let name = rest.prefix { $0 != Byte.slash }
      switch byte {
      case Byte.star where elements.last == .byte(Byte.slash): elements.append(.everything)
      case UInt8(ascii: ":") where !name.isEmpty:
        elements += [.any, .some]
        rest = rest.dropFirst(name.count)
      case _ where "*.+?()[]{}|^$\\".utf8.contains(byte):
        let character = Character(Unicode.Scalar(byte))
        throw Invalid(
          problem: "'\(character)' in the keyMatch2 pattern '\(text)' is part of a regular expression in casbin",
          advice: "use ':name' and '/*' alone, or globMatch")
      default: elements.append(.byte(byte))
      }
    }
    return elements
  }

  func matches(_ text: Span<UInt8>) -> Bool {
    choices.contains { PatternWalk.matches(text, $0, $0.indices, classes) }
  }
}
