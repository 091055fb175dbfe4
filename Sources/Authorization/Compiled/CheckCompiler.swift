/// Turns the tests of a matcher into checks, and counts which patterns a policy line needs.
struct CheckCompiler {
  /// A check whose literal pattern is not compiled yet: that comes after the lines' own.
  enum Draft {
    case check(Program.Check)
    case literalPattern(Program.Source, Pattern.Kind, String)
  }

  private(set) var patternTests: [(kind: Pattern.Kind, field: Int)] = []

  mutating func check(of test: Test, _ table: inout SymbolTable) -> Draft {
    switch test.kind {
    case .equal(let left, let right): .check(.equal(source(left, &table), source(right, &table)))
    case .different(let left, let right): .check(.different(source(left, &table), source(right, &table)))
    case .member(let value, let list):
      .check(.member(source(value, &table), of: list.map { source($0, &table) }))
    case .role(let member, let role): .check(.role(source(member, &table), source(role, &table)))
    case .pattern(let kind, let value, let pattern): patternCheck(kind, source(value, &table), pattern)
    }
  }

  private mutating func patternCheck(_ kind: Pattern.Kind, _ value: Program.Source, _ pattern: Operand) -> Draft {
    switch pattern {
    case .literal(let text): return .literalPattern(value, kind, text)
    case .policy(let field):
      patternTests.append((kind, field))
      return .check(.pattern(value, .policy(patternTests.count - 1)))
    case .request: preconditionFailure("the parser let the request give a pattern of \(kind)")
    }
  }

  private func source(_ operand: Operand, _ table: inout SymbolTable) -> Program.Source {
    switch operand {
    case .request(let field): .request(field)
    case .policy(let field): .policy(field)
    case .literal(let text): .constant(table.insert(text))
    }
  }

  func resolve(_ draft: Draft, _ lines: inout LineTable, file: String) throws(PolicyError) -> Program.Check {
    switch draft {
    case .check(let check): return check
    case .literalPattern(let value, let kind, let text):
      do { return .pattern(value, .fixed(lines.add(try Pattern(kind, text)))) } catch {
        throw PolicyError(file: file, problem: error.problem, advice: error.advice)
      }
    }
  }
}
