import Authorization
import TestSupport
import Testing

@Suite("Authorization: random models and policies", .timeLimit(.minutes(5)))
struct PropertyTests {
  /// Of the world's words, and some that stand nowhere in it.
  private static let values = RandomWorld.words + ["elsewhere", ""]

  @Test("every decision, and its line, is that of an evaluator without index", arguments: 1...4)
  func decisions(block: Int) throws {
    var counts: [Bool: Int] = [:]
    for seed in UInt64(block * 1000)..<UInt64(block * 1000 + 250) {
      var random = SeededGenerator(seed: seed)
      let world = RandomWorld(&random)
      let policy = try AccessPolicy(model: world.modelText, policy: world.policyText)
      let naive = NaiveEvaluator(world: world)
      for _ in 0..<40 {
        let request = (0..<3).map { _ in Self.values.randomElement(using: &random) ?? "" }
        let decision = policy.decide(request[0], request[1], request[2])
        let expected = naive.decide(request)
        try #require(
          decision == Decision(isAllowed: expected.isAllowed, reason: expected.line.map { .line($0) } ?? .noLine),
          "seed \(seed), request \(request)\n\(world.modelText)\n\(world.policyText)")
        let explanation = policy.explain(request[0], request[1], request[2])
        try #require(explanation.decision == decision && explanation.decidingLine?.number == expected.line)
        counts[decision.isAllowed, default: 0] += 1
      }
    }
    // A test in which everything is denied would show nothing.
    #expect((counts[true] ?? 0) > 1000 && (counts[false] ?? 0) > 1000)
  }
}
