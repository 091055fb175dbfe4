/// What a `model.conf` says.
struct AccessModel: Sendable {
  /// A line has a handful of fields.
  static let maximumFields = 16
  private static let effectField = "eft"
  private static let priorityField = "priority"

  /// The names that the model gives to subject, object and action.
  let request: [String]
  /// The names of a policy line's fields.
  let policy: [String]
  let hasRoles: Bool
  let effect: PolicyEffect
  let matcher: Condition
  let tests: [Test]

  /// The field that says `allow` or `deny`. Without one, every line allows.
  let effectIndex: Int?
  /// The field by which lines are sorted, the smallest number first. Without one, they count in the order of the file.
  let priorityIndex: Int?

  init(_ source: SourceFile) throws(PolicyError) {
    let file = try ModelFile(source)
    request = try Self.fields(try file.definition(.request))
    try Self.checkOrder(of: request, in: try file.definition(.request))
    policy = try Self.fields(try file.definition(.policy))
    effectIndex = policy.firstIndex(of: Self.effectField)
    priorityIndex = policy.firstIndex(of: Self.priorityField)
    if let roles = file.definitions[.role] { try Self.checkRoles(roles) }
    hasRoles = file.definitions[.role] != nil
    effect = try PolicyEffect(try file.definition(.effect))
    if effect == .denyOverride, effectIndex == nil {
      let definition = try file.definition(.policy)
      throw definition.text.error(
        at: definition.range.lowerBound, "no line can deny, so that the effect would allow everything to everybody",
        "add eft to the fields of p")
    }
    var parser = try MatcherParser(
      try file.definition(.matchers), request: request, policy: policy, hasRoles: hasRoles)
    matcher = try parser.parse()
    tests = parser.tests
  }

  private static func fields(_ definition: ModelFile.Definition) throws(PolicyError) -> [String] {
    var names: [String] = []
    let bytes = definition.text.bytes[definition.range]
    for part in bytes.split(separator: Byte.comma, omittingEmptySubsequences: false) {
      let name = part.trimmed.text
      let place = part.trimmed.startIndex
      guard !name.isEmpty, name.utf8.allSatisfy(isNamePart), !(name.utf8.first.map(isDigit) ?? true) else {
        throw definition.text.error(
          at: place, "'\(name)' is no name of a field", "separate names of letters, digits and '_' by commas")
      }
      guard !names.contains(name) else {
        throw definition.text.error(at: place, "there are two fields '\(name)'", "give each a name of its own")
      }
      names.append(name)
    }
    guard names.count <= maximumFields else {
      throw definition.text.error(
        at: definition.range.lowerBound, "there are \(names.count) fields", "use \(maximumFields) at most")
    }
    return names
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
    default: isDigit(byte)
    }
  }

  /// The server gives three values in this order, whatever the model calls them. A model that names them in another
  /// order would take one for the other.
  private static func checkOrder(of names: [String], in definition: ModelFile.Definition) throws(PolicyError) {
    let advice = "write r = sub, obj, act"
    guard names.count == RequestField.allCases.count else {
      throw definition.text.error(
        at: definition.range.lowerBound,
        "a request has three values, subject, object and action, and r names \(names.count)",
        advice)
    }
    let usual = [["sub", "subject"], ["obj", "object"], ["act", "action"]]
    for (index, name) in names.enumerated() {
      if let place = usual.firstIndex(where: { $0.contains(name) }), place != index {
        throw definition.text.error(
          at: definition.range.lowerBound,
          "'\(name)' is number \(index + 1) in r, and a request has it as number \(place + 1)",
          advice)
      }
    }
  }

  private static func checkRoles(_ definition: ModelFile.Definition) throws(PolicyError) {
    let parts = definition.text.bytes[definition.range].split(separator: Byte.comma, omittingEmptySubsequences: false)
    guard parts.allSatisfy({ $0.trimmed.text == "_" }), parts.count == 2 else {
      throw definition.text.error(
        at: definition.range.lowerBound,
        "'\(definition.text.bytes[definition.range].text)' is no known role definition",
        "write g = _, _: who, and the role; roles by domain or condition are not supported")
    }
  }
}
