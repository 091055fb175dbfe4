/// A condition as steps. Each makes one test and goes on where its outcome leads, so that nothing is tested that cannot
/// change the outcome of the whole, and no tree is walked.
struct Program: Sendable {
  /// Where a value comes from.
  enum Source: Sendable, Equatable {
    case request(RequestField)
    case policy(Int)
    case constant(Symbol)
  }

  /// Where a pattern comes from.
  enum PatternSource: Sendable {
    /// By its number.
    case fixed(Int)
    /// The line's own, by its place among the patterns of a line.
    case policy(Int)
  }

  enum Check: Sendable {
    case equal(Source, Source)
    case different(Source, Source)
    case member(Source, of: [Source])
    case role(Source, Source)
    case pattern(Source, PatternSource)
  }

  struct Step: Sendable {
    let check: Check
    let onTrue: Int
    let onFalse: Int
  }

  /// Instead of a step's number: the outcome.
  static let holds = -1
  static let fails = -2

  private(set) var steps: [Step] = []
  private(set) var start = Self.holds

  /// The program of all conditions together.
  ///
  /// - Parameter checks: of each test, by its number.
  init(_ conditions: [Condition], checks: [Check]) {
    start = add(.all(conditions), checks, onTrue: Self.holds, onFalse: Self.fails)
  }

  /// Adds the steps back to front, for each has to know where to go on. Returns where the condition begins.
  private mutating func add(_ condition: Condition, _ checks: [Check], onTrue: Int, onFalse: Int) -> Int {
    switch condition {
    case .test(let number):
      steps.append(Step(check: checks[number], onTrue: onTrue, onFalse: onFalse))
      return steps.count - 1
    case .not(let condition):
      return add(condition, checks, onTrue: onFalse, onFalse: onTrue)
    case .all(let conditions):
      return conditions.reversed().reduce(onTrue) { add($1, checks, onTrue: $0, onFalse: onFalse) }
    case .any(let conditions):
      return conditions.reversed().reduce(onFalse) { add($1, checks, onTrue: onTrue, onFalse: $0) }
    }
  }
}
