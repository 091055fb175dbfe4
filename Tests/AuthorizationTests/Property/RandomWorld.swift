import TestSupport

/// A random model and policy, as structures and as the texts that say the same.
struct RandomWorld {
  indirect enum Matcher {
    case equal(Value, Value)
    case different(Value, Value)
    case member(Value, [Value])
    case role(Value, Value)
    case keyMatch(Value, Value)
    case glob(Value, Value)
    case not(Matcher)
    case all([Matcher])
    case any([Matcher])
  }

  enum Value {
    case request(Int)
    case policy(Int)
    case text(String)
  }

  struct Line {
    let number: Int
    let fields: [String]
  }

  static let requestNames = ["sub", "obj", "act"]
  static let effects = [
    "some(where (p.eft == allow))", "!some(where (p.eft == deny))",
    "some(where (p.eft == allow)) && !some(where (p.eft == deny))", "priority(p.eft) || deny",
  ]
  /// Few, so that much is equal by chance; some are patterns, one looks like another.
  static let words = ["a", "b", "c", "a/b", "a/c", "*", "a/*", "a*", "?/b", "caf\u{E9}", "cafe\u{301}"]

  var fields: [String]
  var effect: String
  var hasRoles: Bool
  var matcher: Matcher
  var lines: [Line] = []
  var links: [(member: String, role: String)] = []
  private(set) var policyText = ""

  init(_ random: inout SeededGenerator) {
    fields = Self.fieldLists.randomElement(using: &random) ?? []
    effect = Self.effects.randomElement(using: &random) ?? ""
    // Such a model is refused.
    if effect == Self.effects[1], !fields.contains("eft") { effect = Self.effects[0] }
    hasRoles = Bool.random(using: &random)
    matcher = .all([])
    matcher = Self.likely(fields: fields, hasRoles, &random)
    if Int.random(in: 0..<4, using: &random) == 0 { matcher = Self.any(3, fields: fields, hasRoles, &random) }
    writePolicy(&random)
  }

  private static let fieldLists = [
    ["sub", "obj", "act"], ["sub", "obj", "act", "eft"], ["eft", "sub", "act", "obj"],
    ["priority", "sub", "obj", "act", "eft"], ["sub"], ["obj", "eft"],
  ]

  private mutating func writePolicy(_ random: inout SeededGenerator) {
    var seen: Set<[[UInt8]]> = []
    var number = 0
    // A policy that denies by lines alone needs one.
    let least = effect == Self.effects[1] ? 1 : 0
    for _ in 0..<Int.random(in: least...12, using: &random) {
      let kind = hasRoles && Int.random(in: 0..<3, using: &random) == 0 && lines.count >= least ? "g" : "p"
      let values = kind == "g" ? [Self.word(&random), Self.word(&random)] : fields.map { Self.value(of: $0, &random) }
      guard seen.insert(([kind] + values).map { Array($0.utf8) }).inserted else { continue }
      number += 1
      policyText += "\(kind), \(values.joined(separator: ", "))\n"
      if kind == "g" {
        links.append((values[0], values[1]))
      } else {
        lines.append(Line(number: number, fields: values))
      }
    }
  }

  private static func word(_ random: inout SeededGenerator) -> String { words.randomElement(using: &random) ?? "" }

  private static func value(of field: String, _ random: inout SeededGenerator) -> String {
    switch field {
    case "eft": Bool.random(using: &random) ? "allow" : "deny"
    case "priority": "\(Int.random(in: -1...2, using: &random))"
    default: word(&random)
    }
  }

  // MARK: Matchers

  /// Of the kind that people write, which an index is for: alternatives of tests that all have to hold.
  private static func likely(fields: [String], _ hasRoles: Bool, _ random: inout SeededGenerator) -> Matcher {
    let alternatives = (0..<Int.random(in: 1...2, using: &random)).map { _ in
      Matcher.all(
        (0..<Int.random(in: 1...4, using: &random)).map { _ in test(fields: fields, hasRoles, &random) })
    }
    return alternatives.count == 1 ? alternatives[0] : .any(alternatives)
  }

  private static func any(
    _ depth: Int, fields: [String], _ hasRoles: Bool, _ random: inout SeededGenerator
  ) -> Matcher {
    func parts() -> [Matcher] {
      (0..<Int.random(in: 1...3, using: &random)).map { _ in any(depth - 1, fields: fields, hasRoles, &random) }
    }
    switch depth == 0 ? 3 : Int.random(in: 0..<5, using: &random) {
    case 0: return .all(parts())
    case 1: return .any(parts())
    case 2: return .not(any(depth - 1, fields: fields, hasRoles, &random))
    default: return test(fields: fields, hasRoles, &random)
    }
  }

  private static func test(fields: [String], _ hasRoles: Bool, _ random: inout SeededGenerator) -> Matcher {
    let request = Value.request(Int.random(in: 0..<3, using: &random))
    let policy = Value.policy(fields.indices.randomElement(using: &random) ?? 0)
    func anything() -> Value {
      switch Int.random(in: 0..<6, using: &random) {
      case 0: .text(word(&random))
      case 1: .request(Int.random(in: 0..<3, using: &random))
      case 2: request
      default: policy
      }
    }
    switch Int.random(in: 0..<12, using: &random) {
    case 0: return .equal(anything(), anything())
    case 1: return .different(anything(), anything())
    case 2: return .member(anything(), (0..<2).map { _ in anything() })
    case 3 where hasRoles: return .role(anything(), anything())
    case 4, 5: return hasRoles ? .role(request, policy) : .equal(policy, request)
    case 6: return .keyMatch(request, policy)
    case 7: return .glob(request, policy)
    case 8: return .keyMatch(anything(), .text(word(&random)))
    default: return .equal(request, policy)
    }
  }

  // MARK: Texts

  var modelText: String {
    """
    [request_definition]
    r = \(Self.requestNames.joined(separator: ", "))
    [policy_definition]
    p = \(fields.joined(separator: ", "))
    \(hasRoles ? "[role_definition]\ng = _, _" : "")
    [policy_effect]
    e = \(effect)
    [matchers]
    m = \(text(matcher))
    """
  }

  private func text(_ matcher: Matcher) -> String {
    switch matcher {
    case .equal(let left, let right): "\(text(left)) == \(text(right))"
    case .different(let left, let right): "\(text(left)) != \(text(right))"
    case .member(let value, let list): "\(text(value)) in (\(list.map(text).joined(separator: ", ")))"
    case .role(let member, let role): "g(\(text(member)), \(text(role)))"
    case .keyMatch(let value, let pattern): "keyMatch(\(text(value)), \(text(pattern)))"
    case .glob(let value, let pattern): "globMatch(\(text(value)), \(text(pattern)))"
    case .not(let inner): "!(\(text(inner)))"
    case .all(let parts): parts.map(nested).joined(separator: " && ")
    case .any(let parts): parts.map(nested).joined(separator: " || ")
    }
  }

  /// In parentheses where it has parts of its own, but for `&&` within `||`, which needs none.
  private func nested(_ matcher: Matcher) -> String {
    switch matcher {
    case .all(let parts) where parts.count > 1: isTop(matcher) ? text(matcher) : "(\(text(matcher)))"
    case .any(let parts) where parts.count > 1: "(\(text(matcher)))"
    default: text(matcher)
    }
  }

  /// Whether the world's matcher is made of alternatives; then their texts are joined as people write them.
  private func isTop(_ matcher: Matcher) -> Bool { if case .any = self.matcher { true } else { false } }

  private func text(_ value: Value) -> String {
    switch value {
    case .request(let index): "r.\(Self.requestNames[index])"
    case .policy(let index): "p.\(fields[index])"
    case .text(let text): "'\(text)'"
    }
  }
}
