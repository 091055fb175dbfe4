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

  func object(_ name: String) throws(InvalidSpec) -> SpecReader { try SpecReader(value[name], at: "\(path).\(name)") }

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

  func integer(_ name: String, in range: ClosedRange<Int64>, because why: String = "") throws(InvalidSpec) -> Int64? {
    guard let member = member(name) else { return nil }
    guard let number = member.integer, range.contains(number) else {
      let allowed = range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
      throw invalid(name, "must be \(allowed)\(why), but is \(Self.shown(member))")
    }
    return number
  }

  func choice<Choice: RawRepresentable & CaseIterable>(_ name: String) throws(InvalidSpec) -> Choice?
  where Choice.RawValue == String {
    guard let member = member(name) else { return nil }
    guard let choice = member.string.flatMap(Choice.init(rawValue:)) else {
      let allowed = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw invalid(name, "must be one of \(allowed), but is \(Self.shown(member))")
    }
    return choice
  }

  func strings(_ name: String) throws(InvalidSpec) -> [String: String] {
    try map(name) { key, value throws(InvalidSpec) in
      guard let text = value.string else { throw invalid("\(name).\(key)", "must be a string; put it into quotes") }
      return text
    }
  }

  func quantities(_ name: String) throws(InvalidSpec) -> [String: String] {
    try map(name) { key, value throws(InvalidSpec) in
      let text = value.string ?? value.integer.map { String($0) } ?? ""
      guard Quantity(text) != nil else {
        throw invalid("\(name).\(key)", "must be a quantity such as 500m or 1Gi, but is \(Self.shown(value))")
      }
      return text
    }
  }

  func bool(_ name: String) -> Bool? { member(name)?.bool }

  func invalid(_ name: String, _ message: String) -> InvalidSpec {
    InvalidSpec(field: "\(path).\(name)", message: message)
  }

  private func map(
    _ name: String, _ read: (String, JSONValue) throws(InvalidSpec) -> String
  )
    throws(InvalidSpec) -> [String: String]
  {
    var result: [String: String] = [:]
    for (key, value) in try object(name).value { result[key] = try read(key, value) }
    return result
  }

  private func member(_ name: String) -> JSONValue? { value[name] == .null ? nil : value[name] }

  private static func shown(_ value: JSONValue) -> String {
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
