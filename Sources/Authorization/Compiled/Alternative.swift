/// One of the conditions that a matcher joins by `||`, taken apart by what each of its parts needs.
struct Alternative: Sendable {
  /// What does not depend on the line, and is tested once.
  let guards: Program
  /// Which lines can match.
  let index: LineIndex
  /// What is left to test for each of these; nil where nothing is.
  let remainder: Program?
}

extension Alternative {
  init(_ condition: Condition, model: AccessModel, checks: [Program.Check], lines: LineTable) {
    var guards: [Condition] = []
    var remainder: [Condition] = []
    var bound = [LineIndex.Part](repeating: .unbound, count: RequestField.allCases.count)
    for part in condition.conjuncts {
      if !part.tests.contains(where: { model.tests[$0].isOfPolicy }) {
        guards.append(part)
      } else if !Self.bind(part, model, &bound) {
        remainder.append(part)
      }
    }
    self.guards = Program(guards, checks: checks)
    self.remainder = remainder.isEmpty ? nil : Program(remainder, checks: checks)
    index = LineIndex(parts: bound, lines: lines)
  }

  /// Leaves a test to the index, if that can find by it.
  private static func bind(_ part: Condition, _ model: AccessModel, _ bound: inout [LineIndex.Part]) -> Bool {
    guard case .test(let number) = part else { return false }
    switch model.tests[number].kind {
    case .equal(.request(let field), .policy(let number)), .equal(.policy(let number), .request(let field)):
      guard bound[field.rawValue] == .unbound else { return false }
      bound[field.rawValue] = .equal(number)
    case .role(.request(let field), .policy(let number)):
      guard bound[field.rawValue] == .unbound,
        !bound.contains(where: { if case .role = $0 { true } else { false } })
      else { return false }
      bound[field.rawValue] = .role(number)
    case .equal, .different, .member, .role, .pattern: return false
    }
    return true
  }
}
