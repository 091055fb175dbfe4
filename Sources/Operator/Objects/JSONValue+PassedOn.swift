import KubernetesClient

extension JSONValue {
  /// Without members that are `null`, at any depth. The API server does not store them, and a part of the spec that is
  /// passed on as it is would never compare equal to what was stored.
  var withoutNulls: JSONValue {
    switch self {
    case .object(let members): .object(members.filter { $0.value != .null }.mapValues(\.withoutNulls))
    case .array(let elements): .array(elements.map(\.withoutNulls))
    default: self
    }
  }
}
