/// A spec that cannot be carried out.
struct InvalidSpec: Error, Hashable, CustomStringConvertible {
  /// The path of the field, such as `spec.storage.size`.
  var field: String
  /// What is wrong with it and what is allowed.
  var message: String

  var description: String { "\(field) \(message)" }
}
