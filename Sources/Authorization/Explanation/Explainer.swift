/// Evaluates the matcher as the tree that it is, on texts, and keeps what decided. It shares nothing with the
/// compiled form but the patterns.
struct Explainer {
  private let model: AccessModel
  private let rules: [PolicyRule]
  private let roles: RoleNames
  private let values: [String]

  /// What of a condition made it hold, or not.
  private struct Finding {
    let holds: Bool
    let reasons: [String]
    var paths: [Explanation.RolePath] = []
  }

  init(policy: AccessPolicy, subject: Subject, object: Object, action: Action) {
    model = policy.model
    rules = policy.rules
    roles = RoleNames(policy.links)
    values = [subject.text, object.text, action.text]
  }

  func explain(_ decision: Decision) -> Explanation {
    if case .line(let number) = decision.reason, let rule = rules.first(where: { $0.line == number }) {
      let finding = find(model.matcher, rule)
      return Explanation(
        decision: decision, decidingLine: line(rule, finding.reasons), roles: finding.paths, nearest: [])
    }
    if decision.isAllowed { return Explanation(decision: decision, decidingLine: nil, roles: [], nearest: []) }
    return Explanation(decision: decision, decidingLine: nil, roles: [], nearest: nearest())
  }

  private func line(_ rule: PolicyRule, _ reasons: [String]) -> Explanation.Line {
    Explanation.Line(number: rule.line, text: rule.text, reasons: reasons)
  }

  /// Lines that would have allowed, the nearest first; of equally near ones those that count first.
  private func nearest() -> [Explanation.Line] {
    let found = rules.enumerated().filter(\.element.isAllow).map { place, rule in
      (place: place, rule: rule, reasons: find(model.matcher, rule).reasons)
    }
    return found.sorted { ($0.reasons.count, $0.place) < ($1.reasons.count, $1.place) }
      .prefix(Explanation.maximumNearest).map { line($0.rule, $0.reasons) }
  }

  // MARK: Conditions

  private func find(_ condition: Condition, _ rule: PolicyRule) -> Finding {
    switch condition {
    case .test(let number): return find(model.tests[number], rule)
    case .not(let condition):
      let finding = find(condition, rule)
      return Finding(holds: !finding.holds, reasons: finding.reasons)
    case .all(let conditions): return join(conditions, rule, decisive: false)
    case .any(let conditions): return join(conditions, rule, decisive: true)
    }
  }

  /// Of `&&`, what fails; of `||`, what holds. Where nothing is decisive by itself, for `&&` all of it is the reason,
  /// and for `||` what came nearest.
  private func join(_ conditions: [Condition], _ rule: PolicyRule, decisive: Bool) -> Finding {
    let findings = conditions.map { find($0, rule) }
    let deciding = findings.filter { $0.holds == decisive }
    if decisive {
      let fewest = (deciding.isEmpty ? findings : deciding).min { $0.reasons.count < $1.reasons.count }
      return Finding(
        holds: !deciding.isEmpty, reasons: fewest?.reasons ?? [], paths: deciding.isEmpty ? [] : fewest?.paths ?? [])
    }
    let reasons = (deciding.isEmpty ? findings : deciding).flatMap(\.reasons)
    return Finding(
      holds: deciding.isEmpty, reasons: reasons, paths: deciding.isEmpty ? findings.flatMap(\.paths) : [])
  }

  // MARK: Tests

  private func find(_ test: Test, _ rule: PolicyRule) -> Finding {
    switch test.kind {
    case .equal(let left, let right):
      return compare(test, value(left, rule), value(right, rule))
    case .different(let left, let right):
      let finding = compare(test, value(left, rule), value(right, rule))
      return Finding(holds: !finding.holds, reasons: finding.reasons)
    case .member(let member, let list):
      let value = value(member, rule)
      let others = list.map { self.value($0, rule) }
      let holds = others.contains { $0.isSame(as: value) }
      let names = others.map(Self.quoted).joined(separator: ", ")
      return Finding(
        holds: holds, reasons: ["\(test.text): \(Self.quoted(value)) is\(holds ? "" : " not") in (\(names))"])
    case .pattern(let kind, let value, let pattern):
      return match(test, kind, self.value(value, rule), self.value(pattern, rule))
    case .role(let member, let role): return follow(test, value(member, rule), value(role, rule))
    }
  }

  private func compare(_ test: Test, _ left: String, _ right: String) -> Finding {
    let isSame = left.isSame(as: right)
    return Finding(
      holds: isSame, reasons: ["\(test.text): \(Self.quoted(left)) is\(isSame ? "" : " not") \(Self.quoted(right))"])
  }

  private func match(_ test: Test, _ kind: Pattern.Kind, _ value: String, _ pattern: String) -> Finding {
    // Every pattern was compiled once when the files were read.
    guard let compiled = try? Pattern(kind, pattern) else { return Finding(holds: false, reasons: [test.text]) }
    let holds = compiled.matches(value.utf8.span)
    let verb = holds ? "matches" : "does not match"
    return Finding(holds: holds, reasons: ["\(test.text): \(Self.quoted(value)) \(verb) \(Self.quoted(pattern))"])
  }

  private func follow(_ test: Test, _ member: String, _ role: String) -> Finding {
    if member.isSame(as: role) {
      return Finding(holds: true, reasons: ["\(test.text): \(Self.quoted(member)) is \(Self.quoted(role))"])
    }
    guard let path = roles.path(from: member, to: role) else {
      let reason = "\(test.text): \(Self.quoted(member)) is not \(Self.quoted(role)) and does not have it as a role"
      return Finding(holds: false, reasons: [reason])
    }
    return Finding(
      holds: true, reasons: ["\(test.text): \(Self.quoted(member)) has the role \(Self.quoted(role))"], paths: [path])
  }

  private func value(_ operand: Operand, _ rule: PolicyRule) -> String {
    switch operand {
    case .request(let field): values[field.rawValue]
    case .policy(let number): rule.fields[number]
    case .literal(let text): text
    }
  }

  private static func quoted(_ text: String) -> String { "'\(text)'" }
}
