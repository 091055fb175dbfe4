/// A pattern that was compiled: what `keyMatch`, `keyMatch2` and `globMatch` compare a value with.
///
/// All three come down to the same few elements, and one walk with two places to go back to matches them: the last
/// `*` takes another character, or the last element that passes slashes does. An earlier one need not be tried again,
/// for whatever it could take more the later one can take too. So a match takes at most the product of both lengths.
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
  private let choices: [[Element]]
  private let classes: [CharacterClass]

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
    for elements in choices where matches(text, elements) { return true }
    return false
  }

  private struct Retry {
    let element: Int
    var position: Int
    var isComponents = false
  }

  private func matches(_ text: Span<UInt8>, _ elements: [Element]) -> Bool {
    var element = 0
    var position = 0
    var some: Retry?
    var wide: Retry?
    while true {
      if element == elements.count {
        if position == text.count { return true }
      } else {
        switch elements[element] {
        case .some:
          element += 1
          some = Retry(element: element, position: position)
          continue
        case .everything, .components:
          wide = Retry(element: element + 1, position: position, isComponents: elements[element] == .components)
          some = nil
          element += 1
          continue
        case .rest:
          if position == text.count || text[position] == Byte.slash { return true }
        case .byte(let byte):
          if position < text.count, text[position] == byte {
            element += 1
            position += 1
            continue
          }
        case .any:
          if position < text.count, text[position] != Byte.slash {
            element += 1
            position += Self.length(at: position, in: text)
            continue
          }
        case .oneOf(let number):
          if position < text.count, text[position] != Byte.slash, classes[Int(number)].contains(text, at: position) {
            element += 1
            position += Self.length(at: position, in: text)
            continue
          }
        }
      }
      if let retry = some, retry.position < text.count, text[retry.position] != Byte.slash {
        position = retry.position + Self.length(at: retry.position, in: text)
        some = Retry(element: retry.element, position: position)
        element = retry.element
      } else if let retry = wide, let next = Self.advance(retry, in: text) {
        position = next
        wide = Retry(element: retry.element, position: next, isComponents: retry.isComponents)
        some = nil
        element = retry.element
      } else {
        return false
      }
    }
  }

  private static func advance(_ retry: Retry, in text: Span<UInt8>) -> Int? {
    var position = retry.position
    guard position < text.count else { return nil }
    guard retry.isComponents else { return position + length(at: position, in: text) }
    while position < text.count {
      position += 1
      if text[position - 1] == Byte.slash { return position }
    }
    return nil
  }

  /// Bytes of the character that begins there.
  private static func length(at position: Int, in text: Span<UInt8>) -> Int {
    var end = position + 1
    while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
    return end - position
  }
}
