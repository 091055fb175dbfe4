/// What a `policy.csv` says under a model.
struct PolicyFile: Sendable {
  /// In bytes. Some 30,000 lines: far beyond what people write, and read in a fraction of a second.
  static let maximumBytes = 1024 * 1024
  /// In bytes. Common names have 64 characters at most; URIs may be longer.
  static let maximumFieldBytes = 512
  private static let ruleKind = "p"
  private static let roleKind = "g"

  /// In the order in which they count.
  private(set) var rules: [PolicyRule] = []
  private(set) var links: [RoleLink] = []

  private let source: SourceFile
  private let model: AccessModel
  /// Lines of the file by what they say, to find one that says the same.
  private var seen: [[UInt8]: Int] = [:]

  init(_ source: SourceFile, model: AccessModel) throws(PolicyError) {
    self.source = source
    self.model = model
    for line in try source.lines(limit: Self.maximumBytes) { try read(line) }
    try sortByPriority()
    if model.effect == .denyOverride, rules.isEmpty {
      throw PolicyError(
        file: source.name, problem: "no line denies anything, so that everybody may do everything",
        advice: "add the lines that deny, or allow by lines: e = \(PolicyEffect.allowAndNoDeny.rawValue)")
    }
  }

  private mutating func read(_ line: SourceFile.Line) throws(PolicyError) {
    let text = line.text.trimmed
    guard let first = text.first, first != Byte.number else { return }
    let fields: [CSVLine.Field]
    do { fields = try CSVLine.fields(of: text) } catch {
      throw self.error(line, at: error.place, error.problem, error.advice)
    }
    for field in fields { try check(field, in: line) }
    let key = Array(fields.map(\.text).joined(separator: [0]))
    if let earlier = seen.updateValue(line.number, forKey: key) {
      throw error(line, at: text.startIndex, "the line says the same as line \(earlier)", "remove one of them")
    }
    switch fields[0].text.text {
    case Self.ruleKind: try readRule(fields, line)
    case Self.roleKind: try readLink(fields, line)
    case let kind:
      let isFurther = kind.hasPrefix(Self.ruleKind) || kind.hasPrefix(Self.roleKind)
      throw error(
        line, at: fields[0].start,
        isFurther && kind.dropFirst().allSatisfy(\.isNumber)
          ? "'\(kind)' is of a further definition" : "there is no kind of line '\(kind)'",
        "a line begins with p, or with g if the model defines roles")
    }
  }

  private func check(_ field: CSVLine.Field, in line: SourceFile.Line) throws(PolicyError) {
    guard !field.text.isEmpty else {
      throw error(line, at: field.start, "a field is empty", "give it a value, or take its comma away")
    }
    guard field.text.count <= Self.maximumFieldBytes else {
      throw error(
        line, at: field.start, "a field has \(field.text.count) bytes", "names have \(Self.maximumFieldBytes) at most")
    }
  }

  private mutating func readRule(_ fields: [CSVLine.Field], _ line: SourceFile.Line) throws(PolicyError) {
    let values = fields.dropFirst().map(\.text.text)
    guard values.count == model.policy.count else {
      throw error(
        line, at: fields[0].start,
        "the line has \(values.count) fields after p, and the model defines \(model.policy.count)",
        "write p, \(model.policy.joined(separator: ", "))")
    }
    var isAllow = true
    if let index = model.effectIndex {
      guard ["allow", "deny"].contains(values[index]) else {
        throw error(line, at: fields[index + 1].start, "'\(values[index])' is no effect", "write allow or deny")
      }
      isAllow = values[index] == "allow"
    }
    if let index = model.priorityIndex, Int(values[index]) == nil {
      throw error(
        line, at: fields[index + 1].start, "the priority '\(values[index])' is no number", "write a whole number")
    }
    rules.append(PolicyRule(line: line.number, fields: values, isAllow: isAllow))
  }

  private mutating func readLink(_ fields: [CSVLine.Field], _ line: SourceFile.Line) throws(PolicyError) {
    guard model.hasRoles else {
      throw error(
        line, at: fields[0].start, "the line gives a role, and the model defines none",
        "add [role_definition] with g = _, _ to the model, and use g in its matcher")
    }
    guard fields.count == 3 else {
      throw error(
        line, at: fields[0].start, "the line has \(fields.count - 1) fields after g, and takes 2", "write g, WHO, ROLE")
    }
    links.append(RoleLink(line: line.number, member: fields[1].text.text, role: fields[2].text.text))
  }

  /// The smallest number first; lines of one number stay in the order of the file.
  private mutating func sortByPriority() throws(PolicyError) {
    guard let index = model.priorityIndex else { return }
    // Each was checked when it was read.
    let priorities = rules.map { Int($0.fields[index]) ?? .max }
    rules = rules.indices.sorted { (priorities[$0], $0) < (priorities[$1], $1) }.map { rules[$0] }
  }

  private func error(_ line: SourceFile.Line, at place: Int, _ problem: String, _ advice: String) -> PolicyError {
    let before = line.text[..<min(max(place, line.text.startIndex), line.text.endIndex)]
    return PolicyError(
      file: source.name, line: line.number, column: before.characters + 1, problem: problem, advice: advice)
  }
}
