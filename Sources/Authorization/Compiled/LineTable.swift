/// The lines of a policy as symbols and compiled patterns.
struct LineTable: Sendable {
  /// Fields of a line.
  let width: Int
  /// `width` for each line.
  private(set) var symbols: [Symbol] = []
  private(set) var isAllow: [Bool] = []
  private(set) var patterns = PatternTable()
  /// Numbers of patterns, the same number of them for each line.
  private(set) var patternsOfLines: [Int32] = []
  private let patternTests: [(kind: Pattern.Kind, field: Int)]
  private var known: [Pattern.Kind: [Symbol: Int32]] = [:]

  var count: Int { isAllow.count }

  /// - Parameter patternTests: for each pattern that a line has, by which function and which field it is.
  init(width: Int, patternTests: [(kind: Pattern.Kind, field: Int)]) {
    self.width = width
    self.patternTests = patternTests
  }

  mutating func append(_ rule: PolicyRule, _ table: inout SymbolTable, file: String) throws(PolicyError) {
    let first = symbols.count
    for field in rule.fields { symbols.append(table.insert(field)) }
    isAllow.append(rule.isAllow)
    for (kind, field) in patternTests {
      let symbol = symbols[first + field]
      if let number = known[kind]?[symbol] {
        patternsOfLines.append(number)
        continue
      }
      do { patternsOfLines.append(Int32(patterns.add(try Pattern(kind, rule.fields[field])))) } catch {
        throw PolicyError(file: file, line: rule.line, problem: error.problem, advice: error.advice)
      }
      known[kind, default: [:]][symbol] = patternsOfLines.last
    }
  }

  /// Adds a pattern that is no line's, and returns its number.
  mutating func add(_ pattern: Pattern) -> Int { patterns.add(pattern) }

  func symbol(line: Int, field: Int) -> Symbol { symbols[line * width + field] }

  func pattern(line: Int, number: Int) -> Int { Int(patternsOfLines[line * patternTests.count + number]) }
}
