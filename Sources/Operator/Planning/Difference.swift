import KubernetesClient

/// Where an object lacks what we want of it. Fields that we do not name are others': the API server's defaults, other
/// controllers, other people.
struct Difference: Hashable, CustomStringConvertible {
  /// Such as `spec.ports[rpc].port`. Never a value: it may be a key.
  var path: String

  var description: String { path }

  /// Nil when `observed` has every field of `desired`.
  init?(desired: JSONValue, observed: JSONValue?) {
    guard let path = Comparison().first(desired, observed, at: "") else { return nil }
    self.path = path
  }
}

/// How two values are compared at some place of an object.
private struct Comparison {
  /// The server rewrites quantities into a form of its own.
  var areQuantities = false
  /// Whether a field that is only in the object is a difference too.
  var isExact = false

  /// Lists that are one value, in which the server fills in nothing. A peer or port range that somebody adds to an element
  /// changes whom it lets in.
  private static let exactLists: Set<String> = ["ingress"]

  private func inside(_ key: String) -> Comparison {
    Comparison(
      areQuantities: areQuantities || key == "requests" || key == "limits",
      isExact: isExact || Self.exactLists.contains(key))
  }

  func first(_ desired: JSONValue, _ observed: JSONValue?, at path: String) -> String? {
    switch (desired, observed) {
    case (.null, nil): return nil
    // The server may leave out what is empty.
    case (.object(let members), nil) where members.isEmpty: return nil
    case (.array(let elements), nil) where elements.isEmpty: return nil
    case (.object(let members), .object(let others)?): return first(members, others, at: path)
    case (.array(let elements), .array(let others)?): return first(elements, others, at: path)
    case (.string(let text), .string(let other)?) where areQuantities && text != other:
      let amount = Quantity(text)
      return amount != nil && amount == Quantity(other) ? nil : path
    default: return desired == observed ? nil : path
    }
  }

  private func first(
    _ desired: [String: JSONValue], _ observed: [String: JSONValue], at path: String
  ) -> String? {
    let keys = isExact ? Set(desired.keys).union(observed.keys) : Set(desired.keys)
    for key in keys.sorted() {
      let path = path.isEmpty ? key : "\(path).\(key)"
      guard let member = desired[key] else { return path }
      if let found = inside(key).first(member, observed[key], at: path) { return found }
    }
    return nil
  }

  /// Lists whose elements have names (containers, ports, variables) or uids (owners) are maps to the API server, in which
  /// others may have elements of theirs. All other lists are ours as a whole.
  private func first(_ desired: [JSONValue], _ observed: [JSONValue], at path: String) -> String? {
    // An empty list has elements of any kind; what stands in its place tells.
    let elements = desired.isEmpty ? observed : desired
    for name in ["uid", "name"] where !isExact && elements.allSatisfy({ $0[name]?.string != nil }) {
      for element in desired {
        let id = element[name]?.string ?? ""
        let other = observed.first { $0[name]?.string == id }
        if let found = first(element, other, at: "\(path)[\(id)]") { return found }
      }
      return nil
    }
    guard desired.count == observed.count else { return path }
    for (index, element) in desired.enumerated() {
      if let found = first(element, observed[index], at: "\(path)[\(index)]") { return found }
    }
    return nil
  }
}
