/// One of the three values of a request, in the order in which a model's `r` names them.
enum RequestField: Int, Sendable, CaseIterable {
  case subject
  case object
  case action
}
