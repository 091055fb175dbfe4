/// What is asked for. proglog knows one, the log as a whole.
package struct Object: Sendable, Hashable, CustomStringConvertible {
  package let text: String

  package init(_ text: String) { self.text = text }

  /// The log. It is this literal in proglog's policies and no pattern there.
  package static let log = Object("*")

  package var description: String { text }

  package static func == (left: Self, right: Self) -> Bool { left.text.isSame(as: right.text) }
}
