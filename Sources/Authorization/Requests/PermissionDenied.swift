/// A request that is refused. The text is proglog's, and part of the API.
package struct PermissionDenied: Error, Equatable, CustomStringConvertible {
  package let subject: Subject
  package let object: Object
  package let action: Action

  package init(subject: Subject, object: Object, action: Action) {
    self.subject = subject
    self.object = object
    self.action = action
  }

  package var description: String { "\(subject) not permitted to \(action) to \(object)" }
}
