/// What is to be done to an object.
package struct Action: Sendable, Hashable, CustomStringConvertible {
  package let text: String

  package init(_ text: String) { self.text = text }

  package static let produce = Action("produce")
  package static let consume = Action("consume")
  package static let admin = Action("admin")

  /// What the server asks about.
  package static let known: [Action] = [produce, consume, admin]

  package var description: String { text }

  package static func == (left: Self, right: Self) -> Bool { left.text.isSame(as: right.text) }
}
