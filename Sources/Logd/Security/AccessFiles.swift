/// What a client is called in the rules of who may do what.
package enum AccessSubject: String, CaseIterable, Sendable {
  /// The common name of its certificate.
  case commonName = "cn"
  /// The first URI among the other names of its certificate.
  case uri
}

/// Where the rules of who may do what are.
package struct AccessFiles: Hashable, Sendable {
  /// casbin's model.conf.
  package var model: String
  /// casbin's policy.csv.
  package var policy: String

  package init(model: String, policy: String) {
    self.model = model
    self.policy = policy
  }
}
