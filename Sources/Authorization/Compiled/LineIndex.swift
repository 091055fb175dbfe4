/// Finds the lines whose fields equal a request's values: by a value itself, or by the roles of one.
struct LineIndex: Sendable {
  /// What is known of a value of the request.
  enum Part: Sendable, Equatable {
    case unbound
    /// It equals this field.
    case equal(Int)
    /// It is this field or has it as a role.
    case role(Int)
  }

  struct Key: Hashable {
    var subject = Symbol.none
    var object = Symbol.none
    var action = Symbol.none

    subscript(field: RequestField) -> Symbol {
      get {
        switch field {
        case .subject: subject
        case .object: object
        case .action: action
        }
      }
      set {
        switch field {
        case .subject: subject = newValue
        case .object: object = newValue
        case .action: action = newValue
        }
      }
    }
  }

  /// Lines of one key in ascending order, and the first ones of each effect.
  struct Bucket: Sendable {
    var lines: [Int32] = []
    var firstAllow: Int?
    var firstDeny: Int?
  }

  private let parts: [Part]
  private var buckets: [Key: Bucket] = [:]
  /// At most one: each would multiply the keys to look for.
  private let roleField: RequestField?

  /// - Parameter parts: of subject, object and action.
  init(parts: [Part], lines: LineTable) {
    self.parts = parts
    roleField = RequestField.allCases.first { if case .role = parts[$0.rawValue] { true } else { false } }
    for line in 0..<lines.count {
      var key = Key()
      for field in RequestField.allCases {
        switch parts[field.rawValue] {
        case .unbound: break
        case .equal(let number), .role(let number): key[field] = lines.symbol(line: line, field: number)
        }
      }
      var bucket = buckets.removeValue(forKey: key) ?? Bucket()
      bucket.lines.append(Int32(line))
      if lines.isAllow[line] {
        bucket.firstAllow = bucket.firstAllow ?? line
      } else {
        bucket.firstDeny = bucket.firstDeny ?? line
      }
      buckets[key] = bucket
    }
  }

  func forEachBucket(_ request: CheckedRequest, _ roles: RoleGraph, _ body: (Bucket) -> Void) {
    var key = Key()
    for field in RequestField.allCases {
      if case .unbound = parts[field.rawValue] { continue }
      key[field] = request.symbol(of: field)
      // What stands in no line equals no line's field, and has no roles.
      if key[field] == .none { return }
    }
    if let bucket = buckets[key] { body(bucket) }
    guard let roleField else { return }
    for role in roles.roles(of: key[roleField]) {
      key[roleField] = role
      if let bucket = buckets[key] { body(bucket) }
    }
  }
}
