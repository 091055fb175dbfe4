import FuzzSupport

@testable import Authorization

extension FuzzTarget {
  /// A `model.conf`. One that is taken decides as its tree says, under a policy of a few words.
  static let accessModel = FuzzTarget(
    "acl-model", maximumBytes: 1024,
    seeds: { SampleModels.all.map { Array($0.utf8) } },
    dictionary: [
      "[request_definition]", "[policy_definition]", "[role_definition]", "[policy_effect]", "[matchers]",
      "r = sub, obj, act",
      "p = sub, obj, act", "g = _, _", "e = ", "m = ", ", eft", "priority", "some(where (p.eft == allow))",
      "!some(where (p.eft == deny))", "priority(p.eft) || deny", " && ", " || ", "r.sub", "r.obj", "r.act", "p.sub",
      "p.obj",
      "p.act", "p.eft", "g(r.sub, p.sub)", "keyMatch(r.obj, p.obj)", "keyMatch2(r.obj, p.obj)",
      "globMatch(r.obj, p.obj)",
      " in ('a', 'b')", "!(", "\\\n",
    ],
    run: { input in
      let source = SourceFile(name: "model.conf", bytes: input)
      let model: AccessModel
      do { model = try AccessModel(source) } catch let error as PolicyError {
        try checkPlace(of: error, in: input)
        return false
      }
      let text = policy(for: model)
      let policy = SourceFile(name: "policy.csv", text: text)
      do {
        let compiled = try AccessPolicy(model: source, policy: policy)
        let evaluator = ConditionEvaluator(model: model, policy: try PolicyFile(policy, model: model))
        try evaluator.compare(with: compiled, requests: requests)
      } catch let error as PolicyError {
        throw Violation("a policy that fits the model is refused: \(error)\n\(text)")
      }
      return true
    })

  private static let requests = [
    ["a", "a", "a"], ["a", "b", "c"], ["b", "a/b", "a"], ["c", "a/b", "b"], ["a/b", "a/b", "a/b"], ["b", "c", "a"],
    ["c", "c", "b"], ["root", "*", "c"], ["", "a/c", "d"],
  ]

  /// Lines whose fields are right for the model.
  private static func policy(for model: AccessModel) -> String {
    let words = ["a", "b", "a/*", "c", "*", "a/b"]
    var text = model.hasRoles ? "g, a, b\ng, b, c\ng, c, a\n" : ""
    for line in 0..<6 {
      let fields = model.policy.indices.map { field in
        switch field {
        case model.effectIndex: line % 3 == 1 ? "deny" : "allow"
        case model.priorityIndex: "\(line * 7 % 4)"
        // keyMatch2 takes no star but behind a slash.
        default:
          words[(line * (field + 1) + field) % words.count] == "*"
            ? "/*" : words[(line * (field + 1) + field) % words.count]
        }
      }
      let line = "p, \(fields.joined(separator: ", "))\n"
      if !text.contains(line) { text += line }
    }
    return text
  }

  /// An error says where, and the place is there.
  static func checkPlace(of error: PolicyError, in input: [UInt8]) throws {
    let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    try require(!error.problem.isEmpty && !error.advice.isEmpty, "an error says nothing")
    guard let line = error.line else { return }
    try require((1...lines.count).contains(line), "\(error) is in no line of \(lines.count)")
    if let column = error.column {
      try require((1...lines[line - 1].count + 1).contains(column), "\(error) is beyond the line's end")
    }
  }
}

enum SampleModels {
  static func text(
    policy: String = "sub, obj, act", roles: Bool = false, effect: String = "some(where (p.eft == allow))",
    matcher: String
  ) -> String {
    """
    [request_definition]
    r = sub, obj, act
    [policy_definition]
    p = \(policy)
    \(roles ? "[role_definition]\ng = _, _" : "")
    [policy_effect]
    e = \(effect)
    [matchers]
    m = \(matcher)
    """
  }

  static let basic = text(matcher: "r.sub == p.sub && r.obj == p.obj && r.act == p.act")
  static let roles = text(
    policy: "sub, obj, act, eft", roles: true, effect: "some(where (p.eft == allow)) && !some(where (p.eft == deny))",
    matcher: "g(r.sub, p.sub) && keyMatch(r.obj, p.obj) && r.act == p.act")
  static let priority = text(
    policy: "priority, sub, obj, act, eft", roles: true, effect: "priority(p.eft) || deny",
    matcher: "g(r.sub, p.sub) && globMatch(r.obj, p.obj) && r.act in (p.act, 'a') || r.sub == \"root\"")
  static let deny = text(
    policy: "sub, obj, act, eft", effect: "!some(where (p.eft == deny))",
    matcher: "r.sub == p.sub \\\n && !(keyMatch2(r.obj, p.obj) || r.act != p.act) # comment")

  static let all = [basic, roles, priority, deny]
}
