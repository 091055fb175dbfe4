import Authorization
import Foundation
import TestSupport
import Testing

@testable import Logctl

/// `logctl acl check`: what it prints, and how it ends.
@Suite("logctl acl check", .timeLimit(.minutes(1)))
struct ACLCheckTests {
  private static let model = """
    [request_definition]
    r = sub, obj, act

    [policy_definition]
    p = sub, obj, act, eft

    [role_definition]
    g = _, _

    [policy_effect]
    e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

    [matchers]
    m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
    """
  private static let policy = """
    p, root, *, produce, allow
    p, staff, *, consume, allow
    p, mallory, *, consume, deny

    g, alice, writers
    g, writers, staff
    g, mallory, staff
    """

  private func text(_ subject: String, _ object: String, _ action: String, model: String = model) throws -> String {
    let policy = try AccessPolicy(
      model: SourceFile(name: "model.conf", text: model), policy: SourceFile(name: "policy.csv", text: Self.policy))
    return ACLCheck(subject: Subject(subject), object: Object(object), action: Action(action), policy: policy).text
  }

  @Test("allowed: the line, what holds for it, and the way to the role")
  func allowed() throws {
    #expect(
      try text("alice", "*", "consume") == """
        allowed: alice permitted to consume to *
        policy.csv:2: p, staff, *, consume, allow
          g(r.sub, p.sub): 'alice' has the role 'staff'
          r.obj == p.obj: '*' is '*'
          r.act == p.act: 'consume' is 'consume'
        role: alice → writers → staff (policy.csv:5, policy.csv:6)

        """)
  }

  @Test("denied by a line")
  func deniedByLine() throws {
    #expect(
      try text("mallory", "*", "consume") == """
        denied: mallory not permitted to consume to *
        policy.csv:3: p, mallory, *, consume, deny
          g(r.sub, p.sub): 'mallory' is 'mallory'
          r.obj == p.obj: '*' is '*'
          r.act == p.act: 'consume' is 'consume'

        """)
  }

  @Test("denied for want of a line: the nearest ones")
  func denied() throws {
    #expect(
      try text("root", "*", "prodce") == """
        denied: root not permitted to prodce to *, for no line allows it
        nearest: policy.csv:1: p, root, *, produce, allow
          r.act == p.act: 'prodce' is not 'produce'
        nearest: policy.csv:2: p, staff, *, consume, allow
          g(r.sub, p.sub): 'root' is not 'staff' and does not have it as a role
          r.act == p.act: 'prodce' is not 'consume'
        note: the server asks for no action 'prodce'; it asks for produce, consume, admin

        """)
  }

  @Test("allowed by the model alone")
  func byModel() throws {
    let model = Self.model.split(separator: "m = ").first.map { "\($0)m = r.sub == 'root'" } ?? ""
    #expect(
      try text("root", "*", "admin", model: model) == "allowed: root permitted to admin to *, by the model alone\n")
  }

  @Test("the exit code tells allowed, denied and unusable files apart")
  func program() async throws {
    let directory = try TemporaryDirectory()
    try Self.model.write(toFile: directory.file("model.conf"), atomically: true, encoding: .utf8)
    try Self.policy.write(toFile: directory.file("policy.csv"), atomically: true, encoding: .utf8)
    func check(
      _ words: String..., policy: String = "policy.csv"
    ) async throws
      -> (status: Int32, output: String, errors: String)
    {
      try await TestSupport.run(
        Products.path("logctl"),
        ["acl", "check"] + words + ["--model", directory.file("model.conf"), "--policy", directory.file(policy)])
    }
    let allowed = try await check("root", "*", "produce")
    #expect(
      allowed.status == 0 && allowed.output.hasPrefix("allowed: root permitted to produce to *\n")
        && allowed.errors == "")
    let denied = try await check("nobody", "*", "produce")
    #expect(denied.status == 1 && denied.output.hasPrefix("denied: nobody not permitted to produce to *"))
    try "p, root, *\n".write(toFile: directory.file("wrong.csv"), atomically: true, encoding: .utf8)
    let wrong = try await check("root", "*", "produce", policy: "wrong.csv")
    #expect(wrong.status == 2 && wrong.output == "")
    #expect(
      wrong.errors == """
        logctl: \(directory.file("wrong.csv")):1:1: the line has 2 fields after p, and the model defines 4; \
        write p, sub, obj, act, eft

        """)
    let missing = try await check("root", "*", "produce", policy: "none.csv")
    #expect(missing.status == 2 && missing.errors.contains("none.csv: the file cannot be opened: no such file"))
    #expect(try await check("root", "*").status == 64)
  }
}
