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

    /// The numbers are small and dense, so that a multiplication each spreads them; symbols are the policy's, not a
    /// stranger's. The high bits are the good ones of a product.
    var mixed: Int {
      let low = (UInt64(subject.rawValue) << 32 | UInt64(object.rawValue)) &* 0x9E37_79B9_7F4A_7C15
      let high = (low ^ UInt64(action.rawValue)) &* 0xC2B2_AE3D_27D4_EB4F
      return Int(truncatingIfNeeded: (high ^ low) >> 33)
    }

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

  /// What has one key.
  struct Bucket: Sendable {
    let key: Key
    /// Its lines, in `lines`.
    let range: Range<Int>
    /// The first of its lines of each effect.
    let firstAllow: Int?
    let firstDeny: Int?
  }

  private let parts: [Part]
  /// At most one: each would multiply the keys to look for.
  private let roleField: RequestField?
  /// The lines of each bucket in ascending order, one bucket after the other.
  private(set) var lines: [Int32] = []
  private var buckets: [Bucket] = []
  /// Buckets by hash, with linear probing; a power of two of them, at most half in use. -1 is none.
  private var slots: [Int32] = []

  /// - Parameter parts: of subject, object and action.
  init(parts: [Part], lines table: LineTable) {
    self.parts = parts
    roleField = RequestField.allCases.first { if case .role = parts[$0.rawValue] { true } else { false } }
    var groups: [Key: [Int]] = [:]
    for line in 0..<table.count { groups[key(of: line, table), default: []].append(line) }
    var size = 2
    while size < 2 * groups.count { size *= 2 }
    slots = [Int32](repeating: -1, count: size)
    for (key, group) in groups {
      let bucket = Bucket(
        key: key, range: lines.count..<lines.count + group.count, firstAllow: group.first { table.isAllow[$0] },
        firstDeny: group.first { !table.isAllow[$0] })
      lines += group.map { Int32($0) }
      place(bucket)
    }
  }

  private func key(of line: Int, _ table: LineTable) -> Key {
    var key = Key()
    for field in RequestField.allCases {
      switch parts[field.rawValue] {
      case .unbound: break
      case .equal(let number), .role(let number): key[field] = table.symbol(line: line, field: number)
      }
    }
    return key
  }

  private mutating func place(_ bucket: Bucket) {
    var slot = bucket.key.mixed & (slots.count - 1)
    while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = Int32(buckets.count)
    buckets.append(bucket)
  }

  private func bucket(_ key: Key) -> Bucket? {
    var slot = key.mixed & (slots.count - 1)
    while slots[slot] >= 0 {
      let number = Int(slots[slot])
      if buckets[number].key == key { return buckets[number] }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  func forEachBucket(_ request: CheckedRequest, _ roles: RoleGraph, _ body: (Bucket) -> Void) {
    var key = Key()
    for field in RequestField.allCases where parts[field.rawValue] != .unbound {
      key[field] = request.symbol(of: field)
      // What stands in no line equals no line's field, and has no roles.
      if key[field] == .none { return }
    }
    if let bucket = bucket(key) { body(bucket) }
    guard let roleField else { return }
    for role in roles.roles(of: key[roleField]) {
      key[roleField] = role
      if let bucket = bucket(key) { body(bucket) }
    }
  }
}
