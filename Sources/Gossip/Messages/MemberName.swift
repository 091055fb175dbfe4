/// What a member is called. Unique in a cluster; memberlist and Serf compare names byte by byte.
package struct MemberName: Hashable, Comparable, Sendable, CustomStringConvertible {
  package var text: String

  package init(_ text: String) { self.text = text }

  package var description: String { text }

  package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}
