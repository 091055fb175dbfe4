/// A `p` line: whoever matches it is allowed something, or denied.
struct PolicyRule: Sendable, Equatable {
  let line: Int
  /// The values of the fields that the model defines, in its order.
  let fields: [String]
  let isAllow: Bool

  /// As the file has it, but for blanks.
  var text: String { CSVLine.text(["p"] + fields) }
}

/// A `g` line: who has a role. A role may have roles itself.
struct RoleLink: Sendable, Equatable {
  let line: Int
  let member: String
  let role: String
}
