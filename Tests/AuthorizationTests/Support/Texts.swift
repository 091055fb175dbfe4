import Authorization

/// Texts that several suites use.
enum Models {
  static func text(
    request: String = "sub, obj, act", policy: String = "sub, obj, act", roles: Bool = false,
    effect: String = "some(where (p.eft == allow))", matcher: String
  ) -> String {
    """
    [request_definition]
    r = \(request)

    [policy_definition]
    p = \(policy)
    \(roles ? "\n[role_definition]\ng = _, _\n" : "")
    [policy_effect]
    e = \(effect)

    [matchers]
    m = \(matcher)

    """
  }

  static let basic = text(matcher: "r.sub == p.sub && r.obj == p.obj && r.act == p.act")
  static let rbac = text(roles: true, matcher: "g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act")
  static let allowAndNoDeny = "some(where (p.eft == allow)) && !some(where (p.eft == deny))"
}

extension AccessPolicy {
  init(model: String, policy: String) throws(PolicyError) {
    try self.init(
      model: SourceFile(name: "model.conf", text: model), policy: SourceFile(name: "policy.csv", text: policy))
  }

  func decide(_ subject: String, _ object: String, _ action: String) -> Decision {
    decide(subject: Subject(subject), object: Object(object), action: Action(action))
  }

  func explain(_ subject: String, _ object: String, _ action: String) -> Explanation {
    explain(subject: Subject(subject), object: Object(object), action: Action(action))
  }

  /// The requests that are allowed, of all that can be made of these values.
  func allowed(_ subjects: [String], _ objects: [String], _ actions: [String]) -> Set<String> {
    var allowed: Set<String> = []
    for subject in subjects {
      for object in objects {
        for action in actions where decide(subject, object, action).isAllowed {
          allowed.insert("\(subject) \(object) \(action)")
        }
      }
    }
    return allowed
  }
}

/// The error that reading both texts gives.
func problem(model: String, policy: String = "") -> String? {
  do {
    _ = try AccessPolicy(model: model, policy: policy)
    return nil
  } catch {
    return error.description
  }
}

/// Ends a test that cannot go on.
struct Unexpected: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
