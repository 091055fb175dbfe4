import FuzzSupport

@testable import Authorization

/// Decides by walking the matcher's tree for every line: what the compiled form must agree with.
struct ConditionEvaluator {
  let model: AccessModel
  let policy: PolicyFile

  private static let requestsForExplanation = 8

  /// The decision, and the line that it is by.
  func decide(_ request: [String]) -> (isAllowed: Bool, line: Int?) {
    guard !policy.rules.isEmpty, model.tests.contains(where: \.isOfPolicy) else {
      let open = model.matcher.alternatives.filter { !$0.tests.contains { model.tests[$0].isOfPolicy } }
      return (open.contains { holds($0, request, []) }, nil)
    }
    let matching = policy.rules.indices.filter { holds(model.matcher, request, policy.rules[$0].fields) }
    let (isAllowed, place) = model.effect.decide(
      firstAllow: matching.first { policy.rules[$0].isAllow }, firstDeny: matching.first { !policy.rules[$0].isAllow })
    return (isAllowed, place.map { policy.rules[$0].line })
  }

  /// Throws a violation unless the compiled policy decides these requests in the same way.
  func compare(with compiled: AccessPolicy, requests: [[String]]) throws {
    for (number, request) in requests.enumerated() {
      let expected = decide(request)
      let subject = Subject(request[0])
      let (object, action) = (Object(request[1]), Action(request[2]))
      let decision = compiled.decide(subject: subject, object: object, action: action)
      try require(
        decision == Decision(isAllowed: expected.isAllowed, reason: expected.line.map { .line($0) } ?? .noLine),
        "\(request) is \(decision), and by the tree \(expected)")
      // An explanation takes as long as many decisions.
      guard number % Self.requestsForExplanation == 0 else { continue }
      let explanation = compiled.explain(subject: subject, object: object, action: action)
      try require(explanation.decidingLine?.number == expected.line, "\(request) is explained by \(explanation)")
    }
  }

  private func holds(_ condition: Condition, _ request: [String], _ fields: [String]) -> Bool {
    switch condition {
    case .test(let number): holds(model.tests[number], request, fields)
    case .not(let inner): !holds(inner, request, fields)
    case .all(let conditions): conditions.allSatisfy { holds($0, request, fields) }
    case .any(let conditions): conditions.contains { holds($0, request, fields) }
    }
  }

  private func holds(_ test: Test, _ request: [String], _ fields: [String]) -> Bool {
    func value(_ operand: Operand) -> String {
      switch operand {
      case .request(let field): request[field.rawValue]
      case .policy(let number): fields[number]
      case .literal(let text): text
      }
    }
    switch test.kind {
    case .equal(let left, let right): return value(left).isSame(as: value(right))
    case .different(let left, let right): return !value(left).isSame(as: value(right))
    case .member(let member, let list): return list.contains { value($0).isSame(as: value(member)) }
    case .role(let member, let role): return has(value(member), value(role))
    case .pattern(let kind, let text, let pattern):
      return (try? Pattern(kind, value(pattern)))?.matches(value(text).utf8.span) ?? false
    }
  }

  private func has(_ member: String, _ role: String) -> Bool {
    var reached: Set<[UInt8]> = [Array(member.utf8)]
    for _ in 0..<RoleGraph.maximumDepth {
      for link in policy.links where reached.contains(Array(link.member.utf8)) { reached.insert(Array(link.role.utf8)) }
    }
    return reached.contains(Array(role.utf8))
  }
}
