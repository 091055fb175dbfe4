import Authorization

/// A request, what the policy says to it, and how that is printed.
struct ACLCheck {
  let subject: Subject
  let object: Object
  let action: Action
  let explanation: Explanation
  private let policyName: String

  init(subject: Subject, object: Object, action: Action, policy: AccessPolicy) {
    self.subject = subject
    self.object = object
    self.action = action
    explanation = policy.explain(subject: subject, object: object, action: action)
    policyName = policy.policyName
  }

  var text: String { lines.map { "\($0)\n" }.joined() }

  private var lines: [String] {
    var lines = [decision]
    if let line = explanation.decidingLine { lines += text(of: line) }
    for path in explanation.roles {
      let places = path.lines.map { "\(policyName):\($0)" }.joined(separator: ", ")
      lines.append("role: \(path.names.joined(separator: " → ")) (\(places))")
    }
    for line in explanation.nearest { lines += text(of: line, prefix: "nearest: ") }
    if !Action.known.contains(action) {
      let known = Action.known.map(\.text).joined(separator: ", ")
      lines.append("note: the server asks for no action '\(action)'; it asks for \(known)")
    }
    return lines
  }

  private var decision: String {
    let decision = explanation.decision
    switch (decision.isAllowed, decision.reason) {
    case (true, .line): return "allowed: \(subject) permitted to \(action) to \(object)"
    case (true, .noLine): return "allowed: \(subject) permitted to \(action) to \(object), by the model alone"
    case (false, .line): return "denied: \(subject) not permitted to \(action) to \(object)"
    case (false, .noLine): return "denied: \(subject) not permitted to \(action) to \(object), for no line allows it"
    }
  }

  private func text(of line: Explanation.Line, prefix: String = "") -> [String] {
    ["\(prefix)\(policyName):\(line.number): \(line.text)"] + line.reasons.map { "  \($0)" }
  }
}
