/// A model and a policy in the form in which requests are decided.
struct CompiledPolicy: Sendable {
  private let effect: PolicyEffect
  private let symbols: SymbolTable
  private let roles: RoleGraph
  private let lines: LineTable
  private let alternatives: [Alternative]
  /// A matcher that names no field of a policy is asked once, and allows by itself. So is one when there are no lines;
  /// then an alternative that names a field cannot hold.
  private let decidesWithoutLines: Bool

  init(_ model: AccessModel, _ policy: PolicyFile, file: String) throws(PolicyError) {
    var table = SymbolTable()
    var compiler = CheckCompiler()
    let checks = model.tests.map { compiler.check(of: $0, &table) }
    var lines = LineTable(width: model.policy.count, patternTests: compiler.patternTests)
    for rule in policy.rules { try lines.append(rule, &table, file: file) }
    var resolved: [Program.Check] = []
    for check in checks { resolved.append(try compiler.resolve(check, &lines, file: file)) }
    let links = policy.links.map { (member: table.insert($0.member), role: table.insert($0.role), line: $0.line) }
    roles = try RoleGraph(links, symbols: table.count, file: file)
    symbols = table
    effect = model.effect
    decidesWithoutLines = policy.rules.isEmpty || !model.tests.contains(where: \.isOfPolicy)
    var used = model.matcher.alternatives
    if decidesWithoutLines { used.removeAll { $0.tests.contains { model.tests[$0].isOfPolicy } } }
    alternatives = used.map { Alternative($0, model: model, checks: resolved, lines: lines) }
    self.lines = lines
  }

  /// The outcome, and the place of the line that it is by.
  func decide(_ subject: Subject, _ object: Object, _ action: Action) -> (isAllowed: Bool, place: Int?) {
    let request = CheckedRequest(
      subject: subject, object: object, action: action, subjectSymbol: symbols.symbol(of: subject.text),
      objectSymbol: symbols.symbol(of: object.text), actionSymbol: symbols.symbol(of: action.text))
    if decidesWithoutLines {
      return (alternatives.contains { holds($0.guards, request, line: 0) }, nil)
    }
    var firstAllow: Int?
    var firstDeny: Int?
    for alternative in alternatives where holds(alternative.guards, request, line: 0) {
      alternative.index.forEachBucket(request, roles) { bucket in
        guard let remainder = alternative.remainder else {
          firstAllow = Self.first(firstAllow, bucket.firstAllow)
          firstDeny = Self.first(firstDeny, bucket.firstDeny)
          return
        }
        scan(alternative.index.lines, bucket.range, remainder, request, &firstAllow, &firstDeny)
      }
    }
    return effect.decide(firstAllow: firstAllow, firstDeny: firstDeny)
  }

  private static func first(_ left: Int?, _ right: Int?) -> Int? {
    guard let left, let right else { return left ?? right }
    return min(left, right)
  }

  private func scan(
    _ numbers: [Int32], _ range: Range<Int>, _ remainder: Program, _ request: CheckedRequest,
    _ firstAllow: inout Int?, _ firstDeny: inout Int?
  ) {
    for place in range {
      let line = Int(numbers[place])
      // Only a line before the first one of its effect can change anything.
      let known = lines.isAllow[line] ? firstAllow : firstDeny
      if line >= known ?? .max {
        if line >= firstAllow ?? .max, line >= firstDeny ?? .max { return }
        continue
      }
      guard holds(remainder, request, line: line) else { continue }
      if lines.isAllow[line] { firstAllow = line } else { firstDeny = line }
      if effect == .allowOverride, lines.isAllow[line] { return }
    }
  }

  // MARK: Programs

  private func holds(_ program: Program, _ request: CheckedRequest, line: Int) -> Bool {
    var position = program.start
    while position >= 0 {
      let step = program.steps[position]
      position = holds(step.check, request, line) ? step.onTrue : step.onFalse
    }
    return position == Program.holds
  }

  private func holds(_ check: Program.Check, _ request: CheckedRequest, _ line: Int) -> Bool {
    switch check {
    case .equal(let left, let right): isEqual(left, right, request, line)
    case .different(let left, let right): !isEqual(left, right, request, line)
    case .member(let value, let list): list.contains { isEqual(value, $0, request, line) }
    case .role(let member, let role):
      isEqual(member, role, request, line)
        || roles.has(symbol(of: member, request, line), role: symbol(of: role, request, line))
    case .pattern(let value, let source): matches(value, source, request, line)
    }
  }

  private func symbol(of source: Program.Source, _ request: CheckedRequest, _ line: Int) -> Symbol {
    switch source {
    case .request(let field): request.symbol(of: field)
    case .policy(let field): lines.symbol(line: line, field: field)
    case .constant(let symbol): symbol
    }
  }

  private func isEqual(
    _ left: Program.Source, _ right: Program.Source, _ request: CheckedRequest, _ line: Int
  ) -> Bool {
    let symbols = (symbol(of: left, request, line), symbol(of: right, request, line))
    if symbols.0 != .none || symbols.1 != .none { return symbols.0 == symbols.1 }
    // Two values of the request that stand nowhere else.
    guard case .request(let left) = left, case .request(let right) = right else { return false }
    return request.text(of: left).isSame(as: request.text(of: right))
  }

  private func matches(
    _ value: Program.Source, _ source: Program.PatternSource, _ request: CheckedRequest, _ line: Int
  ) -> Bool {
    let number =
      switch source {
      case .fixed(let number): number
      case .policy(let number): lines.pattern(line: line, number: number)
      }
    switch value {
    case .request(.subject): return lines.patterns.matches(number, request.subject.text.utf8.span)
    case .request(.object): return lines.patterns.matches(number, request.object.text.utf8.span)
    case .request(.action): return lines.patterns.matches(number, request.action.text.utf8.span)
    case .policy, .constant: return symbols.matches(symbol(of: value, request, line), number, of: lines.patterns)
    }
  }
}
