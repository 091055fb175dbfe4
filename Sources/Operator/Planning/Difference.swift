import KubernetesClient

/// Where an object lacks what we want of it. Fields that we do not name are others': the API server's defaults, other
/// controllers, other people.
struct Difference: Hashable, CustomStringConvertible {
  /// Such as `spec.ports[rpc].port`.
  var path: String

  var description: String { path }

  /// Nil when `observed` has every field of `desired`.
  init?(desired: JSONValue, observed: JSONValue?) {
    guard let path = Self.first(desired, observed, at: "", areQuantities: false) else { return nil }
    self.path = path
  }

  private static func first(
    _ desired: JSONValue, _ observed: JSONValue?, at path: String, areQuantities: Bool
  )
    -> String?
  {
    switch (desired, observed) {
    case (.object(let members), nil) where members.isEmpty: return nil
    case (.array(let elements), nil) where elements.isEmpty: return nil
    case (.object(let members), .object(let others)?):
      for key in members.keys.sorted() {
        guard let member = members[key] else { continue }
        // The server rewrites quantities into a form of its own.
        let areQuantities = areQuantities || key == "requests" || key == "limits"
        let path = path.isEmpty ? key : "\(path).\(key)"
        if let found = first(member, others[key], at: path, areQuantities: areQuantities) { return found }
      }
      return nil
    case (.array(let elements), .array(let others)?):
      return first(elements, others, at: path, areQuantities: areQuantities)
    case (.string(let text), .string(let other)?) where areQuantities && text != other:
      let amount = Quantity(text)
      return amount != nil && amount == Quantity(other) ? nil : path
    default: return desired == observed ? nil : path
    }
  }

  /// Lists whose elements have names (containers, ports, variables) or uids (owners) are maps to the API server, in which
  /// others may have elements of theirs. All other lists are ours as a whole.
  private static func first(
    _ desired: [JSONValue], _ observed: [JSONValue], at path: String, areQuantities: Bool
  ) -> String? {
    for name in ["uid", "name"] where desired.allSatisfy({ $0[name]?.string != nil }) {
      for element in desired {
        let id = element[name]?.string ?? ""
        let other = observed.first { $0[name]?.string == id }
        if let found = first(element, other, at: "\(path)[\(id)]", areQuantities: areQuantities) { return found }
      }
      return nil
    }
    guard desired.count == observed.count else { return path }
    for (index, element) in desired.enumerated() {
      if let found = first(element, observed[index], at: "\(path)[\(index)]", areQuantities: areQuantities) {
        return found
      }
    }
    return nil
  }
}
