/// Whether a request is allowed, and why.
package struct Decision: Sendable, Equatable, CustomStringConvertible {
  package enum Reason: Sendable, Equatable {
    /// The line of the policy file that decides, counted from 1.
    case line(Int)
    /// No line has to do with the request: the model alone decides.
    case noLine
  }

  package let isAllowed: Bool
  package let reason: Reason

  package init(isAllowed: Bool, reason: Reason) {
    self.isAllowed = isAllowed
    self.reason = reason
  }

  package var description: String {
    switch (isAllowed, reason) {
    case (true, .line(let line)): "allowed by line \(line)"
    case (false, .line(let line)): "denied by line \(line)"
    case (true, .noLine): "allowed by the model"
    case (false, .noLine): "denied, for no line allows it"
    }
  }
}
