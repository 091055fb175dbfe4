/// How often a member has contradicted what was said of it (SWIM §4.2). Only the member itself raises it.
package struct Incarnation: Hashable, Comparable, Sendable, CustomStringConvertible {
  package var value: UInt32

  package init(_ value: UInt32) { self.value = value }

  package var description: String { "\(value)" }

  package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// Which probe an answer is for.
package struct ProbeNumber: Hashable, Sendable {
  package var value: UInt32

  package init(_ value: UInt32) { self.value = value }
}

/// Serf's logical clock, which orders joins and leaves of a member whatever the order in which they arrive.
package struct LamportTime: Hashable, Comparable, Sendable, CustomStringConvertible {
  package var value: UInt64

  package init(_ value: UInt64) { self.value = value }

  package var description: String { "\(value)" }

  package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}
