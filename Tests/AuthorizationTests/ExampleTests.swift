import Authorization
import Testing

/// proglog's files, and those that casbin publishes as examples, with the decisions that casbin makes of them.
@Suite("Authorization: examples")
struct ExampleTests {
  @Test("proglog's files, as they stand")
  func proglog() throws {
    let model = """
      # START: model
      [request_definition]
      r = sub, obj, act

      # Policy definition
      [policy_definition]
      p = sub, obj, act

      # Policy effect
      [policy_effect]
      e = some(where (p.eft == allow))

      # Matchers
      [matchers]
      m = r.sub == p.sub && r.obj == p.obj && r.act == p.act
      # END: model
      """
    let policy = try AccessPolicy(model: model, policy: "p, root, *, produce\np, root, *, consume\n")
    #expect(policy.decide("root", "*", "produce") == Decision(isAllowed: true, reason: .line(1)))
    #expect(policy.decide("root", "*", "consume") == Decision(isAllowed: true, reason: .line(2)))
    #expect(policy.decide("nobody", "*", "produce") == Decision(isAllowed: false, reason: .noLine))
    #expect(policy.decide("root", "*", "admin") == Decision(isAllowed: false, reason: .noLine))
    // `*` is a name there and no pattern.
    #expect(!policy.decide("root", "orders", "produce").isAllowed)
  }

  private static let users = ["alice", "bob", "root"]
  private static let data = ["data1", "data2"]
  private static let actions = ["read", "write"]
  private static let basicPolicy = "p, alice, data1, read\np, bob, data2, write\n"
  private static let rbacPolicy = """
    p, alice, data1, read
    p, bob, data2, write
    p, data2_admin, data2, read
    p, data2_admin, data2, write
    g, alice, data2_admin
    """
  private static let denyPolicy = """
    p, alice, data1, read, allow
    p, bob, data2, write, allow
    p, data2_admin, data2, read, allow
    p, data2_admin, data2, write, allow
    p, alice, data2, write, deny

    g, alice, data2_admin
    """
  private static let hierarchyPolicy = """
    p, alice, data1, read
    p, bob, data2, write
    p, data1_admin, data1, read
    p, data1_admin, data1, write
    p, data2_admin, data2, read
    p, data2_admin, data2, write

    g, alice, admin
    g, admin, data1_admin
    g, admin, data2_admin
    """
  private static let priorityPolicy = """
    p, alice, data1, read, allow
    p, data1_deny_group, data1, read, deny
    p, data1_deny_group, data1, write, deny
    p, alice, data1, write, allow

    g, alice, data1_deny_group

    p, data2_allow_group, data2, read, allow
    p, bob, data2, read, deny
    p, bob, data2, write, deny

    g, bob, data2_allow_group
    """
  private static let explicitPolicy = """
    p, 10, data1_deny_group, data1, read, deny
    p, 10, data1_deny_group, data1, write, deny
    p, 10, data2_allow_group, data2, read, allow
    p, 10, data2_allow_group, data2, write, allow


    p, 1, alice, data1, write, allow
    p, 1, alice, data1, read, allow
    p, 1, bob, data2, read, deny

    g, bob, data2_allow_group
    g, alice, data1_deny_group
    """
  private static let group = "g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act"
  private static let same = "r.sub == p.sub && r.obj == p.obj && r.act == p.act"

  struct Example: CustomTestStringConvertible, Sendable {
    let name: String
    let model: String
    let policy: String
    let allowed: Set<String>

    var testDescription: String { name }
  }

  static let examples = [
    Example(
      name: "basic", model: Models.basic, policy: basicPolicy, allowed: ["alice data1 read", "bob data2 write"]),
    Example(
      name: "basic without spaces",
      model: Models.text(request: "sub,obj,act", policy: "sub,obj,act", matcher: same), policy: basicPolicy,
      allowed: ["alice data1 read", "bob data2 write"]),
    Example(
      name: "comments",
      model: Models.text(request: "sub, obj, act ; what is asked", policy: "sub, obj, act ", matcher: "\(same)  # all"),
      policy: basicPolicy, allowed: ["alice data1 read", "bob data2 write"]),
    Example(
      name: "basic with root", model: Models.text(matcher: "\(same) || r.sub == \"root\""), policy: basicPolicy,
      allowed: [
        "alice data1 read", "bob data2 write", "root data1 read", "root data1 write", "root data2 read",
        "root data2 write",
      ]),
    Example(
      name: "basic with root, no policy", model: Models.text(matcher: "\(same) || r.sub == \"root\""), policy: "",
      allowed: ["root data1 read", "root data1 write", "root data2 read", "root data2 write"]),
    Example(name: "basic, no policy", model: Models.basic, policy: "# nothing yet\n", allowed: []),
    Example(
      name: "roles", model: Models.rbac, policy: rbacPolicy,
      allowed: ["alice data1 read", "alice data2 read", "alice data2 write", "bob data2 write"]),
    Example(
      name: "roles in several lines",
      model: Models.text(roles: true, matcher: "g(r.sub, p.sub) && r.obj == p.obj \\\n && r.act == p.act"),
      policy: rbacPolicy,
      allowed: ["alice data1 read", "alice data2 read", "alice data2 write", "bob data2 write"]),
    Example(
      name: "roles of roles", model: Models.rbac, policy: hierarchyPolicy,
      allowed: ["alice data1 read", "alice data1 write", "alice data2 read", "alice data2 write", "bob data2 write"]),
    Example(
      name: "roles with in", model: Models.text(roles: true, matcher: "\(group) || r.obj in ('data2', 'data3')"),
      policy: rbacPolicy,
      allowed: [
        "alice data1 read", "alice data2 read", "alice data2 write", "bob data2 read", "bob data2 write",
        "root data2 read", "root data2 write",
      ]),
    Example(
      name: "roles with in and brackets", model: Models.text(roles: true, matcher: "\(group) || r.obj in ['data2']"),
      policy: rbacPolicy,
      allowed: [
        "alice data1 read", "alice data2 read", "alice data2 write", "bob data2 read", "bob data2 write",
        "root data2 read", "root data2 write",
      ]),
    Example(
      name: "deny",
      model: Models.text(
        policy: "sub, obj, act, eft", roles: true, effect: Models.allowAndNoDeny, matcher: group), policy: denyPolicy,
      allowed: ["alice data1 read", "alice data2 read", "bob data2 write"]),
    Example(
      name: "only deny",
      model: Models.text(
        policy: "sub, obj, act, eft", roles: true, effect: "!some(where (p.eft == deny))", matcher: group),
      policy: denyPolicy,
      allowed: Set(users.flatMap { user in data.flatMap { data in actions.map { "\(user) \(data) \($0)" } } })
        .subtracting(["alice data2 write"])),
    Example(
      name: "priority by order",
      model: Models.text(policy: "sub, obj, act, eft", roles: true, effect: "priority(p.eft) || deny", matcher: group),
      policy: priorityPolicy, allowed: ["alice data1 read", "bob data2 read"]),
    Example(
      name: "priority by number",
      model: Models.text(
        policy: "priority, sub, obj, act, eft", roles: true, effect: "priority(p.eft) || deny", matcher: group),
      policy: explicitPolicy, allowed: ["alice data1 read", "alice data1 write", "bob data2 write"]),
  ]

  @Test("allowed is what casbin allows", arguments: examples)
  func decisions(example: Example) throws {
    let policy = try AccessPolicy(model: example.model, policy: example.policy)
    #expect(policy.allowed(Self.users, Self.data, Self.actions) == example.allowed)
  }

  @Test("keyMatch, with the action compared where casbin's example has a regular expression")
  func keyMatch() throws {
    let policy = try AccessPolicy(
      model: Models.text(matcher: "r.sub == p.sub && keyMatch(r.obj, p.obj) && r.act == p.act"),
      policy: """
        p, alice, /alice_data/*, GET
        p, alice, /alice_data/resource1, POST

        p, bob, /alice_data/resource2, GET
        p, bob, /bob_data/*, POST
        """)
    let objects = ["/alice_data/resource1", "/alice_data/resource2", "/bob_data/resource1", "/bob_data/resource2"]
    #expect(
      policy.allowed(["alice", "bob"], objects, ["GET", "POST"]) == [
        "alice /alice_data/resource1 GET", "alice /alice_data/resource1 POST", "alice /alice_data/resource2 GET",
        "bob /alice_data/resource2 GET", "bob /bob_data/resource1 POST", "bob /bob_data/resource2 POST",
      ])
  }

  @Test("keyMatch2")
  func keyMatch2() throws {
    let policy = try AccessPolicy(
      model: Models.text(matcher: "r.sub == p.sub && keyMatch2(r.obj, p.obj) && r.act == p.act"),
      policy: "p, alice, /alice_data/:resource, GET\np, alice, /alice_data2/:id/using/:resId, GET\n")
    let objects = ["/alice_data", "/alice_data/resource1", "/alice_data2/myid", "/alice_data2/myid/using/res_id"]
    #expect(
      policy.allowed(["alice"], objects, ["GET"]) == [
        "alice /alice_data/resource1 GET", "alice /alice_data2/myid/using/res_id GET",
      ])
  }

  @Test("globMatch")
  func globMatch() throws {
    let policy = try AccessPolicy(
      model: Models.text(matcher: "r.sub == p.sub && globMatch(r.obj, p.obj) && r.act == p.act"),
      policy: "p, u1, /foo/*, read\np, u2, /foo*, read\np, u3, /*/foo/*, read\np, u4, *, read\n")
    let objects = [
      "/foo/", "/foo", "/foo/subprefix", "foo", "/foosubprefix", "/prefix/foo/subprefix", "/prefix/foo/", "/prefix/foo",
    ]
    #expect(
      policy.allowed(["u1", "u2", "u3", "u4"], objects, ["read"]) == [
        "u1 /foo/ read", "u1 /foo/subprefix read", "u2 /foo read", "u2 /foosubprefix read",
        "u3 /prefix/foo/subprefix read", "u3 /prefix/foo/ read", "u4 foo read",
      ])
  }

  @Test("the deciding line is casbin's: the first that allows, the first that denies")
  func lines() throws {
    let deny = try AccessPolicy(
      model: Models.text(
        policy: "sub, obj, act, eft", roles: true, effect: Models.allowAndNoDeny, matcher: Self.group),
      policy: Self.denyPolicy)
    #expect(deny.decide("alice", "data2", "write") == Decision(isAllowed: false, reason: .line(5)))
    #expect(deny.decide("alice", "data2", "read") == Decision(isAllowed: true, reason: .line(3)))
    #expect(deny.decide("root", "data1", "read") == Decision(isAllowed: false, reason: .noLine))
    let priority = try AccessPolicy(
      model: Models.text(
        policy: "priority, sub, obj, act, eft", roles: true, effect: "priority(p.eft) || deny", matcher: Self.group),
      policy: Self.explicitPolicy)
    #expect(priority.decide("alice", "data1", "write") == Decision(isAllowed: true, reason: .line(7)))
    #expect(priority.decide("bob", "data2", "read") == Decision(isAllowed: false, reason: .line(9)))
  }

  @Test("roles in a circle, and as deep as they may be")
  func roleDepth() throws {
    let circle = "g, a, b\ng, b, c\ng, c, a\np, c, *, consume\n"
    #expect(try AccessPolicy(model: Models.rbac, policy: circle).decide("a", "*", "consume").isAllowed)
    let chain = (0..<10).map { "g, n\($0), n\($0 + 1)\n" }.joined() + "p, n10, *, consume\n"
    #expect(try AccessPolicy(model: Models.rbac, policy: chain).decide("n0", "*", "consume").isAllowed)
    #expect(
      problem(model: Models.rbac, policy: chain + "g, n10, n11\n")
        == "policy.csv:1: the roles that begin here are more than 10 deep; give some of them directly")
  }

  @Test("names are told apart by their bytes, also where a reader sees no difference")
  func bytes() throws {
    let composed = "caf\u{E9}"
    let decomposed = "cafe\u{301}"
    let policy = try AccessPolicy(
      model: Models.rbac, policy: "p, \(composed), *, consume\np, \(decomposed), *, admin\n")
    #expect(policy.decide(composed, "*", "consume").isAllowed && policy.decide(decomposed, "*", "admin").isAllowed)
    #expect(!policy.decide(decomposed, "*", "consume").isAllowed && !policy.decide(composed, "*", "admin").isAllowed)
    // Whoever keeps something by subject must not mix them up either.
    #expect(Subject(composed) != Subject(decomposed) && Set([Subject(composed), Subject(decomposed)]).count == 2)
  }

  @Test("values of the request are compared with each other, and none stands for an empty one")
  func requestOnly() throws {
    let own = try AccessPolicy(
      model: Models.text(matcher: "r.sub == r.obj && r.act == p.act"), policy: "p, x, y, consume\n")
    #expect(own.allowed(["a", "b", ""], ["a", "b"], ["consume", "produce"]) == ["a a consume", "b b consume"])
    let basic = try AccessPolicy(model: Models.basic, policy: "")
    #expect(!basic.decide("", "", "").isAllowed)
  }
}
