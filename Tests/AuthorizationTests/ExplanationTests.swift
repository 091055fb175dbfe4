import Authorization
import Testing

@Suite("Authorization: explanations")
struct ExplanationTests {
  private static let policy = """
    p, root, *, produce
    p, writers, *, produce
    p, staff, *, consume

    g, alice, writers
    g, writers, staff
    """

  @Test("the line that allows, what made it match, and the roles on the way")
  func allowed() throws {
    let explanation = try AccessPolicy(model: Models.rbac, policy: Self.policy).explain("alice", "*", "consume")
    #expect(explanation.decision == Decision(isAllowed: true, reason: .line(3)))
    #expect(explanation.decidingLine?.text == "p, staff, *, consume")
    #expect(
      explanation.decidingLine?.reasons == [
        "g(r.sub, p.sub): 'alice' has the role 'staff'", "r.obj == p.obj: '*' is '*'",
        "r.act == p.act: 'consume' is 'consume'",
      ])
    #expect(explanation.roles.map(\.names) == [["alice", "writers", "staff"]])
    #expect(explanation.roles.map(\.lines) == [[5, 6]])
    #expect(explanation.nearest.isEmpty)
  }

  @Test("without such a line, the nearest ones and what keeps them from matching")
  func denied() throws {
    let policy = try AccessPolicy(model: Models.rbac, policy: Self.policy)
    let explanation = policy.explain("root", "*", "consume")
    #expect(explanation.decision == Decision(isAllowed: false, reason: .noLine))
    #expect(explanation.decidingLine == nil)
    #expect(explanation.nearest.map(\.number) == [1, 3, 2])
    #expect(explanation.nearest.first?.reasons == ["r.act == p.act: 'consume' is not 'produce'"])
    #expect(
      explanation.nearest[1].reasons == [
        "g(r.sub, p.sub): 'root' is not 'staff' and does not have it as a role"
      ])
    #expect(policy.explain("eve", "orders", "admin").nearest.map(\.reasons.count) == [3, 3, 3])
  }

  @Test("a line that denies is told like one that allows")
  func deniedByLine() throws {
    let policy = try AccessPolicy(
      model: Models.text(
        policy: "sub, obj, act, eft", effect: Models.allowAndNoDeny,
        matcher: "r.sub == p.sub && keyMatch(r.obj, p.obj) && (r.act == p.act || p.act == 'all')"),
      policy: "p, bob, *, consume, allow\np, bob, secret/*, all, deny\n")
    let explanation = policy.explain("bob", "secret/1", "consume")
    #expect(explanation.decision == Decision(isAllowed: false, reason: .line(2)))
    #expect(
      explanation.decidingLine?.reasons == [
        "r.sub == p.sub: 'bob' is 'bob'", "keyMatch(r.obj, p.obj): 'secret/1' matches 'secret/*'",
        "p.act == 'all': 'all' is 'all'",
      ])
  }

  @Test("negations, lists and alternatives say what failed")
  func conditions() throws {
    let policy = try AccessPolicy(
      model: Models.text(matcher: "!(r.sub == p.sub) && r.obj != p.obj && r.act in (p.act, 'x') || r.sub == 'root'"),
      policy: "p, alice, data, read\n")
    #expect(
      policy.explain("alice", "data", "write").nearest.map(\.reasons) == [["r.sub == 'root': 'alice' is not 'root'"]])
    #expect(
      policy.explain("bob", "other", "x").decidingLine?.reasons == [
        "r.sub == p.sub: 'bob' is not 'alice'", "r.obj != p.obj: 'other' is not 'data'",
        "r.act in (p.act, 'x'): 'x' is in ('read', 'x')",
      ])
  }

  @Test("a decision without a line")
  func noLine() throws {
    let policy = try AccessPolicy(model: Models.text(matcher: "r.sub == 'root' || r.sub == p.sub"), policy: "")
    #expect(policy.explain("root", "*", "admin").decision.description == "allowed by the model")
    #expect(policy.explain("eve", "*", "admin").nearest.isEmpty)
  }
}
