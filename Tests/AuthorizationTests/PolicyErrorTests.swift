import Authorization
import Testing

/// Policies that cannot be used, each with the whole of its message.
@Suite("Authorization: policies that are refused")
struct PolicyErrorTests {
  private static let kinds = "a line begins with p, or with g if the model defines roles"

  @Test(
    "under proglog's model",
    arguments: [
      ("p, root, *", "1:1: the line has 2 fields after p, and the model defines 3; write p, sub, obj, act"),
      (
        "# who\np, root, *, produce, allow",
        "2:1: the line has 4 fields after p, and the model defines 3; write p, sub, obj, act"
      ), ("  q, root, *, produce", "1:3: there is no kind of line 'q'; \(kinds)"),
      ("P, root, *, produce", "1:1: there is no kind of line 'P'; \(kinds)"),
      ("p2, root, *, produce", "1:1: 'p2' is of a further definition; \(kinds)"),
      ("g2, root, admins", "1:1: 'g2' is of a further definition; \(kinds)"),
      ("policy, root", "1:1: there is no kind of line 'policy'; \(kinds)"),
      (
        "g, root, admins",
        "1:1: the line gives a role, and the model defines none; "
          + "add [role_definition] with g = _, _ to the model, and use g in its matcher"
      ),
      (
        "p, root, *, produce\np, nobody, *, produce\n p,root,\"*\" ,produce",
        "3:2: the line says the same as line 1; remove one of them"
      ),
      ("p, , *, produce", "1:4: a field is empty; give it a value, or take its comma away"),
      ("p, root, *, produce,", "1:21: a field is empty; give it a value, or take its comma away"),
      ("p, \"\", *, produce", "1:4: a field is empty; give it a value, or take its comma away"),
      ("p, \"root, *, produce", "1:4: the quote is not closed; close it on the same line"),
      (
        "p, ro\"ot, *, produce",
        "1:6: a quote stands within a field; quote the whole field, and write \"\" for the quote"
      ),
      (
        "p, \"root\"x, *, produce",
        "1:10: text stands behind the closing quote; put a comma before it, or write \"\" for a quote within the field"
      ),
      (
        "p, root, *, produce # for now",
        "1:21: a comment stands behind a field; give it a line of its own, or quote the field"
      ), ("p, röot, *\u{1}, produce", "1:11: the line has a control character (1); remove it"),
      ("p, \(String(repeating: "r", count: 513)), *, produce", "1:4: a field has 513 bytes; names have 512 at most"),
    ])
  func lines(policy: String, message: String) {
    #expect(problem(model: Models.basic, policy: policy) == "policy.csv:\(message)")
  }

  @Test("a file that is too large is not read")
  func size() {
    #expect(
      problem(model: Models.basic, policy: String(repeating: "\n", count: 1_048_577))
        == "policy.csv: the file has 1048577 bytes, more than 1048576; make it smaller")
  }

  @Test("roles, effects, priorities and patterns")
  func fields() throws {
    #expect(
      problem(model: Models.rbac, policy: "g, alice, admins, example.com")
        == "policy.csv:1:1: the line has 3 fields after g, and takes 2; write g, WHO, ROLE")
    let deny = Models.text(policy: "sub, eft", effect: Models.allowAndNoDeny, matcher: "r.sub == p.sub")
    #expect(
      problem(model: deny, policy: "p, alice, indeterminate")
        == "policy.csv:1:11: 'indeterminate' is no effect; write allow or deny")
    let priority = Models.text(policy: "priority, sub", matcher: "r.sub == p.sub")
    #expect(
      problem(model: priority, policy: "p, 1, alice\np, high, bob")
        == "policy.csv:2:4: the priority 'high' is no number; write a whole number")
    let glob = Models.text(matcher: "globMatch(r.obj, p.obj)")
    #expect(
      problem(model: glob, policy: "p, a, *, b\np, a, [, b")
        == "policy.csv:2: a class of the glob '[' is empty, not closed or out of order; "
        + "write [a-z], or '\\[' for a bracket")
  }

  @Test("an empty policy is refused where it would allow everything")
  func empty() {
    let model = Models.text(
      policy: "sub, obj, act, eft", effect: "!some(where (p.eft == deny))", matcher: "r.sub == p.sub")
    #expect(
      problem(model: model, policy: "# gone")
        == "policy.csv: no line denies anything, so that everybody may do everything; "
        + "add the lines that deny, or allow by lines: e = \(Models.allowAndNoDeny)")
    #expect(problem(model: model, policy: "p, eve, *, produce, deny") == nil)
  }

  @Test("roles of everybody that take too much memory")
  func memberships() {
    let members = (0..<1100).map { "g, m\($0), hub\n" }.joined()
    let roles = (0..<1000).map { "g, hub, r\($0)\n" }.joined()
    #expect(
      problem(model: Models.rbac, policy: roles + members)?.hasSuffix(
        ": the roles of all members are more than 1000000; use fewer roles of roles") == true)
  }

  @Test("fields as casbin's CSV has them")
  func csv() throws {
    let policy = try AccessPolicy(
      model: Models.basic,
      policy: "p,alice,data,read\r\n\t p , bob\t,  data ,read  \np, \"o,\"\"c\"\"\", \" data\", a#b\n\n"
        + "#p, eve, data, read\n")
    #expect(policy.ruleCount == 3)
    #expect(policy.decide("alice", "data", "read").isAllowed && policy.decide("bob", "data", "read").isAllowed)
    #expect(policy.decide("o,\"c\"", " data", "a#b") == Decision(isAllowed: true, reason: .line(3)))
    #expect(!policy.decide("eve", "data", "read").isAllowed)
  }

  @Test(
    "a line is shown so that it reads back",
    arguments: [
      ("p,a,*,consume", "p, a, *, consume"), ("p, \"a\",\"b,c\" , \" d\"", "p, a, \"b,c\", \" d\""),
      // A quote with a combining mark behind it is one character to Swift.
      ("p, \"a\"\"\u{301}\", \"#\", c", "p, \"a\"\"\u{301}\", \"#\", c"),
    ])
  func text(policy: String, shown: String) throws {
    let explanation = try AccessPolicy(
      model: Models.text(matcher: "r.sub == p.sub || r.act == 'x'"), policy: policy
    ).explain("nobody", "*", "x")
    #expect(explanation.decidingLine?.text.utf8.elementsEqual(shown.utf8) == true)
  }
}
