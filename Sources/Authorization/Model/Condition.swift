/// A matcher as a tree. Its leaves are tests, numbered in the order of the text.
indirect enum Condition: Sendable {
  case test(Int)
  case not(Condition)
  case all([Condition])
  case any([Condition])

  /// What all has to hold, whatever the parentheses.
  var conjuncts: [Condition] { if case .all(let parts) = self { parts.flatMap(\.conjuncts) } else { [self] } }

  /// What one has to hold of, whatever the parentheses.
  var alternatives: [Condition] { if case .any(let parts) = self { parts.flatMap(\.alternatives) } else { [self] } }

  /// The tests in it.
  var tests: [Int] {
    switch self {
    case .test(let number): [number]
    case .not(let condition): condition.tests
    case .all(let conditions), .any(let conditions): conditions.flatMap(\.tests)
    }
  }
}

/// Where a value of a test comes from.
enum Operand: Sendable, Equatable {
  case request(RequestField)
  /// A field of a policy line, by its number.
  case policy(Int)
  case literal(String)

  var isOfPolicy: Bool { if case .policy = self { true } else { false } }
}

/// One thing that a matcher asks for.
struct Test: Sendable {
  enum Kind: Sendable {
    case equal(Operand, Operand)
    case different(Operand, Operand)
    case member(Operand, of: [Operand])
    case role(Operand, Operand)
    case pattern(Pattern.Kind, Operand, pattern: Operand)
  }

  let kind: Kind
  /// As it stands in the model.
  let text: String

  /// Whether its outcome depends on the policy line.
  var isOfPolicy: Bool {
    switch kind {
    case .equal(let left, let right), .different(let left, let right), .role(let left, let right):
      left.isOfPolicy || right.isOfPolicy
    case .member(let value, let list): value.isOfPolicy || list.contains(where: \.isOfPolicy)
    case .pattern(_, let value, let pattern): value.isOfPolicy || pattern.isOfPolicy
    }
  }
}
