/// Compiles the pattern of `globMatch`, which casbin matches by doublestar: `*` and `?` stop at slashes, `**` as a
/// whole component is any number of components, `[a-z]` and `[^a-z]` are classes, `{a,b}` is a choice, `\` quotes a
/// character.
struct GlobCompiler {
  /// Patterns that choices may multiply to.
  static let maximumChoices = 64
  /// Of all choices together, so that a policy of many globs stays small in memory.
  static let maximumElements = 4096

  private(set) var classes: [CharacterClass] = []

  mutating func compile(_ text: String) throws(Pattern.Invalid) -> [[Pattern.Element]] {
    var choices: [[Pattern.Element]] = []
    var count = 0
    for choice in try Self.expand(Array(text.unicodeScalars), of: text) {
      choices.append(try elements(of: choice, in: text))
      count += choices[choices.count - 1].count
      guard count <= Self.maximumElements, classes.count <= Int(UInt8.max) else {
        throw Pattern.Invalid(
          problem: "the glob '\(text)' is too long with all its choices", advice: "use fewer braces")
      }
    }
    return choices
  }

  // MARK: Choices

  /// Writes out the choices, the leftmost first: `{a,b}{c,d}` is ac, ad, bc, bd.
  private static func expand(_ pattern: [Unicode.Scalar], of text: String) throws(Pattern.Invalid) -> [[Unicode.Scalar]]
  {
    var done: [[Unicode.Scalar]] = []
    var open = [pattern]
    while let next = open.popLast() {
      guard let brace = place(of: "{", in: next[...]) else {
        done.append(next)
        continue
      }
      let (choices, end) = try choices(in: next, from: brace, of: text)
      open += choices.reversed().map { Array(next[..<brace] + $0 + next[end...]) }
      guard open.count + done.count <= maximumChoices else {
        throw Pattern.Invalid(
          problem: "the glob '\(text)' stands for more than \(maximumChoices) patterns", advice: "use fewer braces")
      }
    }
    return done
  }

  /// The first one that is not quoted and in no class.
  private static func place(of scalar: Unicode.Scalar, in pattern: ArraySlice<Unicode.Scalar>) -> Int? {
    var position = pattern.startIndex
    var isInClass = false
    while position < pattern.endIndex {
      switch pattern[position] {
      case "\\": position += 1
      case "[": isInClass = true
      case "]": isInClass = false
      case scalar where !isInClass: return position
      default: break
      }
      position += 1
    }
    return nil
  }

  /// The alternatives of the brace at a place, and where the pattern goes on.
  private static func choices(
    in pattern: [Unicode.Scalar], from brace: Int, of text: String
  ) throws(Pattern.Invalid) -> ([ArraySlice<Unicode.Scalar>], end: Int) {
    var choices: [ArraySlice<Unicode.Scalar>] = []
    var depth = 0
    var start = brace + 1
    var position = start
    while position < pattern.count {
      switch pattern[position] {
      case "\\": position += 1
      case "{": depth += 1
      case "," where depth == 0:
        choices.append(pattern[start..<position])
        start = position + 1
      case "}" where depth == 0: return (choices + [pattern[start..<position]], position + 1)
      case "}": depth -= 1
      default: break
      }
      position += 1
    }
    throw Pattern.Invalid(problem: "a '{' of the glob '\(text)' is not closed", advice: "close it, or write '\\{'")
  }

  // MARK: Elements

  private mutating func elements(
    of pattern: [Unicode.Scalar], in text: String
  ) throws(Pattern.Invalid) -> [Pattern.Element] {
    let components = Self.components(of: pattern)
    var elements: [Pattern.Element] = []
    for (number, component) in components.enumerated() {
      let isLast = number == components.count - 1
      if component.elementsEqual("**".unicodeScalars) {
        if !isLast {
          elements.append(.components)
        } else if elements.last == .byte(Byte.slash) {
          // `a/**` is `a` too.
          elements[elements.count - 1] = .rest
        } else {
          elements.append(.everything)
        }
        continue
      }
      if isLast, component.isEmpty, elements.last == .components {
        throw Pattern.Invalid(problem: "the glob '\(text)' ends in '**/'", advice: "end it in '**' or '/*'")
      }
      elements += try self.elements(ofComponent: component, in: text)
      if !isLast { elements.append(.byte(Byte.slash)) }
    }
    return elements
  }

  /// Between slashes that are not quoted.
  private static func components(of pattern: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
    var components: [ArraySlice<Unicode.Scalar>] = []
    var rest = pattern[...]
    while let slash = place(of: "/", in: rest) {
      components.append(rest[..<slash])
      rest = rest[(slash + 1)...]
    }
    return components + [rest]
  }

  private mutating func elements(
    ofComponent component: ArraySlice<Unicode.Scalar>, in text: String
  ) throws(Pattern.Invalid) -> [Pattern.Element] {
    var elements: [Pattern.Element] = []
    var rest = component
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*": if elements.last != .some { elements.append(.some) }
      case "?": elements.append(.any)
      case "[":
        classes.append(try Self.characterClass(&rest, in: text))
        // A count beyond a byte is refused when the choice is done.
        elements.append(.oneOf(UInt8(truncatingIfNeeded: classes.count - 1)))
      case "\\":
        guard let quoted = rest.popFirst() else {
          throw Pattern.Invalid(
            problem: "the glob '\(text)' ends in '\\'", advice: "write '\\\\' for the character itself")
        }
        elements += Character(quoted).utf8.map { .byte($0) }
      default: elements += Character(scalar).utf8.map { .byte($0) }
      }
    }
    return elements
  }

  /// Takes a class, the bracket of which is taken already.
  private static func characterClass(
    _ rest: inout ArraySlice<Unicode.Scalar>, in text: String
  ) throws(Pattern.Invalid) -> CharacterClass {
    let invalid = Pattern.Invalid(
      problem: "a class of the glob '\(text)' is empty, not closed or out of order",
      advice: "write [a-z], or '\\[' for a bracket")
    let isNegated = rest.first == "^" || rest.first == "!"
    if isNegated { rest.removeFirst() }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    func character() throws(Pattern.Invalid) -> Unicode.Scalar {
      guard let scalar = rest.popFirst(), let taken = scalar == "\\" ? rest.popFirst() : scalar else { throw invalid }
      return taken
    }
    while let next = rest.first, next != "]" {
      let first = try character()
      guard rest.first == "-" else {
        ranges.append(first...first)
        continue
      }
      rest.removeFirst()
      guard rest.first != "]" else { throw invalid }
      let last = try character()
      guard first <= last else { throw invalid }
      ranges.append(first...last)
    }
    guard rest.popFirst() == "]", !ranges.isEmpty else { throw invalid }
    return CharacterClass(ranges: ranges, isNegated: isNegated)
  }
}
