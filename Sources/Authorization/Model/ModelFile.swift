/// The layer of `model.conf` that knows sections, keys, comments and continued lines, but not what they say.
///
/// As casbin reads it: a line whose first character is `#` or `;` is a comment, and either ends a line's text anywhere,
/// in quotes too. A line that ends in `\` goes on in the next one. Where casbin passes over what it does not know, this
/// is an error: a permission that somebody believes to be there must not be missing in silence.
struct ModelFile {
  /// In bytes; a model is some ten lines.
  static let maximumBytes = 64 * 1024

  enum Section: String, CaseIterable {
    case request = "request_definition"
    case policy = "policy_definition"
    case role = "role_definition"
    case effect = "policy_effect"
    case matchers

    /// Its one definition.
    var key: String {
      switch self {
      case .request: "r"
      case .policy: "p"
      case .role: "g"
      case .effect: "e"
      case .matchers: "m"
      }
    }
  }

  /// What stands on the right of a definition's `=`, and where in the text that begins.
  struct Definition {
    let text: ModelText
    let range: Range<Int>
  }

  private let source: SourceFile
  private var section: Section?
  private var pending: ModelText?
  private(set) var definitions: [Section: Definition] = [:]

  init(_ source: SourceFile) throws(PolicyError) {
    self.source = source
    for line in try source.lines(limit: Self.maximumBytes) { try read(line) }
    try finishDefinition()
  }

  private mutating func read(_ line: SourceFile.Line) throws(PolicyError) {
    let text = line.text.trimmed
    guard let first = text.first, first != Byte.number, first != Byte.semicolon else { return try finishDefinition() }
    let column = line.text[..<text.startIndex].characters + 1
    if first == UInt8(ascii: "[") {
      try finishDefinition()
      return try begin(text, line: line.number, column: column)
    }
    let continues = text.last == Byte.backslash
    // Cut after the backslash is seen, as casbin does: a line that ends in one goes on even within a comment.
    let content = (continues ? text.dropLast().trimmed : text).prefix { $0 != Byte.number && $0 != Byte.semicolon }
    var definition = pending ?? ModelText(file: source.name)
    definition.append(content, line: line.number, column: column)
    if continues { definition.append([Byte.space], line: line.number, column: column + content.characters) }
    pending = definition
    if !continues { try finishDefinition() }
  }

  private mutating func begin(_ text: ArraySlice<UInt8>, line: Int, column: Int) throws(PolicyError) {
    guard text.last == UInt8(ascii: "]") else {
      throw PolicyError(
        file: source.name, line: line, column: column, problem: "the section's line does not end in ']'",
        advice: "write [name] and nothing else on the line")
    }
    let name = text.dropFirst().dropLast().text
    guard let known = Section(rawValue: name) else {
      throw PolicyError(
        file: source.name, line: line, column: column, problem: "there is no section [\(name)]",
        advice: "the sections are \(Section.allCases.map { "[\($0.rawValue)]" }.joined(separator: ", "))")
    }
    section = known
  }

  private mutating func finishDefinition() throws(PolicyError) {
    guard let text = pending else { return }
    pending = nil
    guard let section else {
      throw text.error(at: 0, "the line stands before any section", "begin with [request_definition]")
    }
    guard let sign = text.bytes.firstIndex(of: UInt8(ascii: "=")) else {
      throw text.error(
        at: 0, "the line has no '='", "write \(section.key) = …, and end a line that goes on with '\\'")
    }
    try check(text.bytes[..<sign].trimmed.text, of: section, in: text)
    let value = text.bytes[(sign + 1)...].trimmed
    guard !value.isEmpty else {
      throw text.error(at: sign + 1, "\(section.key) has no value", "write what it is after the '='")
    }
    definitions[section] = Definition(text: text, range: value.indices)
  }

  private func check(_ key: String, of section: Section, in text: ModelText) throws(PolicyError) {
    guard key != section.key else {
      guard definitions[section] == nil else {
        throw text.error(at: 0, "\(key) is defined a second time", "keep one of the two")
      }
      return
    }
    if key.hasPrefix(section.key), !key.dropFirst().isEmpty, key.dropFirst().allSatisfy(\.isNumber) {
      throw text.error(
        at: 0, "'\(key)' is a further definition, and decisions are made by r, p, e and m alone",
        "bring it into one \(section.key), or leave it out")
    }
    throw text.error(
      at: 0, "[\(section.rawValue)] has no key '\(key)'", "its one definition is \(section.key) = …")
  }

  /// A definition that a model must have.
  func definition(_ section: Section) throws(PolicyError) -> Definition {
    guard let definition = definitions[section] else {
      throw PolicyError(
        file: source.name, problem: "the model has no \(section.key)",
        advice: "add a section [\(section.rawValue)] with \(section.key) = …")
    }
    return definition
  }
}
