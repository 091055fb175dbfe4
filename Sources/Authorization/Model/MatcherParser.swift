/// Reads a matcher: tests joined by `||`, `&&`, `!` and parentheses, in casbin's order of precedence.
struct MatcherParser {
  /// Of parentheses and `!` in each other, so that no text exhausts the stack.
  static let maximumDepth = 32
  /// Tests of a matcher; each is made for each policy line that an index does not exclude.
  static let maximumTests = 64

  private let definition: ModelFile.Definition
  private let request: [String]
  private let policy: [String]
  private let hasRoles: Bool
  private let tokens: [Token]
  private var position = 0
  private(set) var tests: [Test] = []

  init(
    _ definition: ModelFile.Definition, request: [String], policy: [String], hasRoles: Bool
  ) throws(PolicyError) {
    self.definition = definition
    self.request = request
    self.policy = policy
    self.hasRoles = hasRoles
    tokens = try Lexer.tokens(of: definition)
  }

  mutating func parse() throws(PolicyError) -> Condition {
    let condition = try alternatives(depth: 0)
    guard token.kind == .end else {
      throw error("\(token.spelling) stands where && or || was expected", "join two tests by one of them")
    }
    return condition
  }

  // MARK: Conditions

  private mutating func alternatives(depth: Int) throws(PolicyError) -> Condition {
    var conditions = [try conjunction(depth: depth)]
    while take(.or) { conditions.append(try conjunction(depth: depth)) }
    return conditions.count == 1 ? conditions[0] : .any(conditions)
  }

  private mutating func conjunction(depth: Int) throws(PolicyError) -> Condition {
    var conditions = [try single(depth: depth)]
    while take(.and) { conditions.append(try single(depth: depth)) }
    return conditions.count == 1 ? conditions[0] : .all(conditions)
  }

  private mutating func single(depth: Int) throws(PolicyError) -> Condition {
    guard depth < Self.maximumDepth else {
      throw error("the matcher is nested more than \(Self.maximumDepth) deep", "take some parentheses away")
    }
    if take(.not) {
      // `!r.sub == 'a'` is an error in casbin, too: there, '!' is for r.sub alone.
      if case .symbol(.leftParenthesis) = token.kind {
      } else if case .symbol(.leftParenthesis) = tokens[min(position + 1, tokens.count - 1)].kind {
      } else {
        throw error("'!' stands before \(token.spelling)", "write '!=', or put what is negated in parentheses")
      }
      return .not(try single(depth: depth + 1))
    }
    guard take(.leftParenthesis) else { return .test(try test()) }
    let condition = try alternatives(depth: depth + 1)
    try expect(.rightParenthesis, "close the parenthesis")
    return condition
  }

  // MARK: Tests

  /// The number of the test that begins here.
  private mutating func test() throws(PolicyError) -> Int {
    let start = token.range.lowerBound
    guard tests.count < Self.maximumTests else {
      throw error("the matcher has more than \(Self.maximumTests) tests", "move some of it to the policy")
    }
    let kind: Test.Kind
    if case .name(let name) = token.kind, !name.contains("."),
      case .symbol(.leftParenthesis) = tokens[min(position + 1, tokens.count - 1)].kind
    {
      kind = try call(of: name)
    } else {
      kind = try comparison()
    }
    let end = tokens[position - 1].range.upperBound
    tests.append(Test(kind: kind, text: definition.text.bytes[start..<end].text))
    return tests.count - 1
  }

  private mutating func comparison() throws(PolicyError) -> Test.Kind {
    let left = try operand()
    if take(.equal) { return .equal(left, try operand()) }
    if take(.different) { return .different(left, try operand()) }
    if case .name("in") = token.kind {
      position += 1
      return .member(left, of: try list())
    }
    throw error("\(token.spelling) stands where a comparison was expected", "write ==, != or in after a value")
  }

  private mutating func list() throws(PolicyError) -> [Operand] {
    let isBracketed = take(.leftBracket)
    if !isBracketed { try expect(.leftParenthesis, "write a list: in ('produce', 'consume')") }
    var values = [try operand()]
    while take(.comma) { values.append(try operand()) }
    try expect(isBracketed ? .rightBracket : .rightParenthesis, "close the list")
    return values
  }

  private mutating func operand() throws(PolicyError) -> Operand {
    switch token.kind {
    case .string(let text):
      position += 1
      return .literal(text)
    case .name(let name):
      let operand = try field(name)
      position += 1
      return operand
    case .symbol, .end:
      throw error(
        "\(token.spelling) stands where a value was expected", "write r.\(request[0]), p.… or a text in quotes")
    }
  }

  private func field(_ name: String) throws(PolicyError) -> Operand {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 1, parts[0] == "r" || parts[0] == "p" else {
      if let first = parts[0].first, parts.count > 1, first == "r" || first == "p",
        parts[0].dropFirst().allSatisfy(\.isNumber)
      {
        throw error("'\(name)' is of a further definition", "decisions are made by r and p alone")
      }
      throw error(
        "'\(name)' is no value", "values are \(names("r", request)), \(names("p", policy)) and texts in quotes")
    }
    guard parts.count == 2 else {
      throw error("'\(name)' is an attribute of a value", "values are texts and have none")
    }
    let fields = parts[0] == "r" ? request : policy
    guard let index = fields.firstIndex(of: parts[1]) else {
      throw error("\(parts[0]) has no field '\(parts[1])'", "it has \(names(parts[0], fields))")
    }
    if parts[0] == "p" { return .policy(index) }
    guard let field = RequestField(rawValue: index) else {
      preconditionFailure("the request has \(request.count) fields, and \(index) is none")
    }
    return .request(field)
  }

  private func names(_ owner: String, _ fields: [String]) -> String {
    fields.map { "\(owner).\($0)" }.joined(separator: ", ")
  }

  // MARK: Functions

  private mutating func call(of name: String) throws(PolicyError) -> Test.Kind {
    let isRole = name == "g"
    let pattern = Pattern.Kind(rawValue: name)
    if isRole, !hasRoles {
      throw error("g is called, and the model defines no roles", "add a section [role_definition] with g = _, _")
    }
    guard isRole || pattern != nil else { throw unknownFunction(name) }
    position += 2
    let first = try operand()
    try expect(.comma, "\(name) takes two values")
    let patternToken = token
    let second = try operand()
    guard case .symbol(.rightParenthesis) = token.kind else {
      throw error("\(token.spelling) stands where ')' was expected", "\(name) takes two values")
    }
    position += 1
    guard let pattern else { return .role(first, second) }
    try check(second, as: pattern, at: patternToken)
    return .pattern(pattern, first, pattern: second)
  }

  /// Patterns are compiled when the files are read, so that a wrong one is found then.
  private func check(_ operand: Operand, as kind: Pattern.Kind, at token: Token) throws(PolicyError) {
    switch operand {
    case .policy: break
    case .request:
      throw definition.text.error(
        at: token.range.lowerBound, "the pattern of \(kind.rawValue) comes from the request",
        "let it come from the policy: \(kind.rawValue)(r.…, p.…)")
    case .literal(let text):
      do { _ = try Pattern(kind, text) } catch {
        throw definition.text.error(at: token.range.lowerBound, error.problem, error.advice)
      }
    }
  }

  private func unknownFunction(_ name: String) -> PolicyError {
    let known = "g, \(Pattern.Kind.allCases.map(\.rawValue).joined(separator: ", "))"
    if name.first == "g", !name.dropFirst().isEmpty, name.dropFirst().allSatisfy(\.isNumber) {
      return error("'\(name)' is a further role definition", "there is one, g")
    }
    let others = [
      "regexMatch", "keyMatch3", "keyMatch4", "keyMatch5", "keyGet", "keyGet2", "keyGet3", "ipMatch", "timeMatch",
      "eval",
    ]
    return error(
      others.contains(name) ? "casbin's \(name) is not supported" : "there is no function '\(name)'",
      "the functions are \(known)")
  }

  // MARK: Tokens

  private var token: Token { tokens[position] }

  private mutating func take(_ symbol: Token.Symbol) -> Bool {
    guard token.kind == .symbol(symbol) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ symbol: Token.Symbol, _ advice: String) throws(PolicyError) {
    guard take(symbol) else {
      throw error("\(token.spelling) stands where '\(symbol.rawValue)' was expected", advice)
    }
  }

  private func error(_ problem: String, _ advice: String) -> PolicyError {
    definition.text.error(at: token.range.lowerBound, problem, advice)
  }
}
