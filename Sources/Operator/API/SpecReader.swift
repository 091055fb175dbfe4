import KubernetesClient

/// Reads one object of the spec, member by member; every error names the field by its whole path.
struct SpecReader {
  private let value: [String: JSONValue]
  private let path: String

  init(_ value: JSONValue?, at path: String) throws(InvalidSpec) {
    self.path = path
    switch value {
    case nil, .null: self.value = [:]
    case .object(let members): self.value = members
    default: throw InvalidSpec(field: path, message: "must be an object")
    }
  }

  /// A member, nil where it is absent or null.
  func member(_ name: String) -> JSONValue? { value[name] == .null ? nil : value[name] }

  func object(_ name: String) throws(InvalidSpec) -> SpecReader { try object(name, value[name]) }

  func object(_ name: String, _ value: JSONValue?) throws(InvalidSpec) -> SpecReader {
    try SpecReader(value, at: "\(path).\(name)")
  }

  func string(
    _ name: String, longest: Int = 512, allowed: String, where isAllowed: (String) -> Bool
  )
    throws(InvalidSpec) -> String?
  {
    guard let member = member(name) else { return nil }
    guard let text = member.string, !text.isEmpty, text.utf8.count <= longest, isAllowed(text) else {
      throw invalid(name, "must be \(allowed), but is \(Self.shown(member))")
    }
    return text
  }

  func bool(_ name: String) throws(InvalidSpec) -> Bool? {
    guard let member = member(name) else { return nil }
    guard let flag = member.bool else { throw invalid(name, "must be true or false, but is \(Self.shown(member))") }
    return flag
  }

  func integer(_ name: String, in range: ClosedRange<Int64>) throws(InvalidSpec) -> Int64? {
    try integer(name, allowed: "\(range.lowerBound) to \(range.upperBound)") { range.contains($0) }
  }

  func integer(_ name: String, allowed: String, where isAllowed: (Int64) -> Bool) throws(InvalidSpec) -> Int64? {
    guard let member = member(name) else { return nil }
    guard let number = member.integer, isAllowed(number) else {
      throw invalid(name, "must be \(allowed), but is \(Self.shown(member))")
    }
    return number
  }

  /// Seconds of a text such as `2160h`.
  func seconds(_ name: String, in range: ClosedRange<Int64>, allowed: String) throws(InvalidSpec) -> Int64? {
    let text = try string(name, longest: 24, allowed: allowed) { text in
      DurationText.seconds(text).map(range.contains) ?? false
    }
    return text.flatMap(DurationText.seconds)
  }

  func choice<Choice: RawRepresentable & CaseIterable>(_ name: String) throws(InvalidSpec) -> Choice?
  where Choice.RawValue == String {
    guard let member = member(name) else { return nil }
    return try choice(name, member)
  }

  func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, _ value: JSONValue) throws(InvalidSpec) -> Choice
  where Choice.RawValue == String {
    guard let choice = value.string.flatMap(Choice.init(rawValue:)) else {
      let allowed = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw invalid(name, "must be one of \(allowed), but is \(Self.shown(value))")
    }
    return choice
  }

  /// A member that must be there.
  func required<Value>(_ name: String, _ value: Value?) throws(InvalidSpec) -> Value {
    guard let value else { throw invalid(name, "is missing") }
    return value
  }

  func invalid(_ name: String, _ message: String) -> InvalidSpec {
    InvalidSpec(field: "\(path).\(name)", message: message)
  }

  static func shown(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): "\"\(text.prefix(60))\""
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .bool(let flag): "\(flag)"
    case .null: "null"
    case .array: "a list"
    case .object: "an object"
    }
  }
}
