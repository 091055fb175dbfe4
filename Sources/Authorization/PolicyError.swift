/// Something in a model or policy file that cannot be used: where, what is wrong, and what to write instead.
package struct PolicyError: Error, Equatable, CustomStringConvertible {
  package let file: String
  /// Counted from 1; nil for the file as a whole.
  package let line: Int?
  /// In characters, counted from 1; nil for the line as a whole.
  package let column: Int?
  package let problem: String
  package let advice: String

  package init(file: String, line: Int? = nil, column: Int? = nil, problem: String, advice: String) {
    self.file = file
    self.line = line
    self.column = column
    self.problem = problem
    self.advice = advice
  }

  package var description: String {
    let place = [file, line.map { "\($0)" }, column.map { "\($0)" }].compactMap { $0 }.joined(separator: ":")
    return "\(place): \(problem); \(advice)"
  }
}
