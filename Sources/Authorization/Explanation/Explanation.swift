/// Why a request is allowed or denied: the line that decides, or the lines that came nearest to it.
package struct Explanation: Sendable, Equatable {
  /// A line, and what of the matcher holds for it or does not.
  package struct Line: Sendable, Equatable {
    package let number: Int
    package let text: String
    /// The tests that make it match, or those that keep it from it.
    package let reasons: [String]
  }

  /// How a subject comes to a role: `alice → writers → staff`, with the lines of the policy that say so.
  package struct RolePath: Sendable, Equatable {
    package let names: [String]
    package let lines: [Int]
  }

  package let decision: Decision
  /// The line that decides; nil where none does.
  package let decidingLine: Line?
  /// By which roles it matches.
  package let roles: [RolePath]
  /// Without a deciding line: the lines that fail by the fewest tests, at most `maximumNearest`.
  package let nearest: [Line]

  package static let maximumNearest = 3
}

extension AccessPolicy {
  /// Decides as `decide` does, but looks at every line, and says why.
  package func explain(subject: Subject, object: Object, action: Action) -> Explanation {
    let explainer = Explainer(policy: self, subject: subject, object: object, action: action)
    return explainer.explain(decide(subject: subject, object: object, action: action))
  }
}
