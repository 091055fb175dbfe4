/// Who asks: the common name of a certificate, or a URI of its subject alternative names.
package struct Subject: Sendable, Hashable, CustomStringConvertible {
  package let text: String

  package init(_ text: String) { self.text = text }

  package var description: String { text }

  package static func == (left: Self, right: Self) -> Bool { left.text.isSame(as: right.text) }
}
