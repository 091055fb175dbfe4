import FuzzSupport

@testable import Authorization

extension FuzzTarget {
  /// A `policy.csv`, under the model that the first byte chooses. One that is taken decides as its lines say, and
  /// each of its lines reads back as it is shown.
  static let accessPolicy = FuzzTarget(
    "acl-policy", maximumBytes: 512,
    seeds: {
      [
        "p, root, *, produce\np, root, *, consume\n", "# who\n\np, \"a,b\", \"say \"\"x\"\"\", consume\r\n",
        "g, alice, staff\ng, staff, all\ng, all, alice\np, staff, topics/*, consume, allow\np, bob, *, admin, deny\n",
        "p, 2, a, topics/**, b, deny\np, -1, a, \"{x,y}[a-c]?\", b, allow\ng, a, b",
        "p, eve, /a/:id/*, produce, deny\n",
      ].enumerated().map { number, text in [UInt8([0, 0, 1, 2, 3][number])] + Array(text.utf8) }
    },
    dictionary: ["p, ", "g, ", ", allow", ", deny", "**/", "/*", "/:id", "{a,b}", "[a-z]", "\"\"", "\n# "],
    run: { input in
      let models = try sampleModels.get()
      let model = models[Int(input.first ?? 0) % models.count]
      let source = SourceFile(name: "policy.csv", bytes: Array(input.dropFirst()))
      do {
        let compiled = try AccessPolicy(model: model, modelName: "model.conf", policy: source)
        let policy = try PolicyFile(source, model: model)
        try ConditionEvaluator(model: model, policy: policy).compare(with: compiled, requests: requests(of: policy))
        for rule in policy.rules { try checkText(of: rule, model) }
        return true
      } catch let error as PolicyError {
        try checkPlace(of: error, in: source.bytes)
        return false
      }
    })

  private static let sampleModels = Result {
    try SampleModels.all.map { try AccessModel(SourceFile(name: "model.conf", text: $0)) }
  }

  /// Requests of the policy's own words, and some that stand nowhere in it.
  private static func requests(of policy: PolicyFile) -> [[String]] {
    let rules = policy.rules.prefix(4)
    let names = rules.flatMap(\.fields).prefix(4) + policy.links.prefix(2).flatMap { [$0.member, $0.role] }
    let words = Array(names) + ["root", "a/b/c"]
    let mixed = words.indices.map { number in
      [words[number], words[(3 * number + 1) % words.count], words[(5 * number + 2) % words.count]]
    }
    return mixed + rules.map { Array(($0.fields + ["", ""]).prefix(3)) }
  }

  private static func checkText(of rule: PolicyRule, _ model: AccessModel) throws {
    let again: PolicyFile
    do { again = try PolicyFile(SourceFile(name: "line", text: rule.text), model: model) } catch {
      throw Violation("'\(rule.text)' does not read back: \(error)")
    }
    try require(again.rules.map(\.fields) == [rule.fields], "'\(rule.text)' reads back as \(again.rules)")
  }
}
