import Authorization
import KubernetesClient
import Testing

@testable import Operator

extension ObjectBuilderTests {
  /// The rules, as Authorization's own parser reads them.
  @Suite struct Access {
    typealias Rule = ProgLogSpec.AccessControlList.Rule

    private func policy(
      _ rules: [Rule], users: [ProgLogSpec.User] = [], configMap: String? = nil, copied: AccessFiles? = nil
    ) throws -> AccessPolicy {
      let builder = ObjectBuilderTests.builder(
        { spec in
          spec.acl = .init(rules: rules, configMap: configMap)
          spec.users = users
        }, inputs: { $0.accessFiles = copied })
      let files = try #require(builder.configMap().object.content["data"])
      return try AccessPolicy(
        model: SourceFile(name: "model", text: files["acl-model.conf"]?.string ?? ""),
        policy: SourceFile(name: "policy", text: files["acl-policy.csv"]?.string ?? ""))
    }

    private func isAllowed(
      _ policy: AccessPolicy, _ subject: String, _ action: Authorization.Action, _ object: Object = .log
    ) -> Bool {
      policy.decide(subject: Subject(subject), object: object, action: action).isAllowed
    }

    @Test("without rules and users nobody may do anything")
    func closed() throws {
      let policy = try policy([])
      #expect(policy.ruleCount == 0)
      for action in Authorization.Action.known { #expect(!isAllowed(policy, "root", action)) }
    }

    @Test("the policy is as a person would write it")
    func text() {
      let builder = ObjectBuilderTests.builder({ spec in
        spec.acl.rules = [
          Rule(subject: "billing.example.com", actions: [.produce, .consume]),
          Rule(subject: "a, b", object: "or\"ders", actions: [.admin], isDenied: true),
        ]
        spec.users = [.init(name: "alice", actions: [.consume])]
      })
      #expect(
        builder.grantedAccess.policy == """
          # Written by proglog-operator from ProgLog log; changes here are undone.
          p, billing.example.com, *, produce, allow
          p, billing.example.com, *, consume, allow
          p, "a, b", "or""ders", admin, deny
          p, alice, *, consume, allow

          """)
    }

    @Test("users may do what they are listed with")
    func users() throws {
      let policy = try policy([], users: [.init(name: "alice"), .init(name: "ops", actions: [.admin])])
      #expect(isAllowed(policy, "alice", .produce) && isAllowed(policy, "alice", .consume))
      #expect(!isAllowed(policy, "alice", .admin))
      #expect(isAllowed(policy, "ops", .admin) && !isAllowed(policy, "ops", .consume))
    }

    @Test("a denial wins over every grant, a user's too")
    func denial() throws {
      let policy = try policy(
        [Rule(subject: "alice", actions: [.produce], isDenied: true), Rule(subject: "bob", actions: [.admin])],
        users: [.init(name: "alice")])
      #expect(!isAllowed(policy, "alice", .produce))
      #expect(isAllowed(policy, "alice", .consume))
      #expect(isAllowed(policy, "bob", .admin))
    }

    @Test("* is the log and no pattern, of objects and of subjects")
    func star() throws {
      let policy = try policy([Rule(subject: "*", actions: [.produce]), Rule(subject: "a", actions: [.consume])])
      #expect(isAllowed(policy, "a", .consume))
      #expect(!isAllowed(policy, "a", .consume, Object("orders")))
      #expect(!isAllowed(policy, "a", .produce))
    }

    @Test("what is said twice is written once, for logd refuses a file with a line twice")
    func duplicates() throws {
      let rule = Rule(subject: "alice", actions: [.produce, .produce])
      #expect(try policy([rule, rule], users: [.init(name: "alice")]).ruleCount == 2)
    }

    @Test("spellings of one letter are different subjects, and a denial of one is not lost")
    func spellings() throws {
      let (composed, decomposed) = ("\u{E9}", "e\u{301}")
      let policy = try policy([
        Rule(subject: composed, actions: [.produce]), Rule(subject: decomposed, actions: [.produce]),
        Rule(subject: composed, actions: [.produce], isDenied: true),
      ])
      #expect(policy.ruleCount == 3)
      #expect(!isAllowed(policy, composed, .produce))
      #expect(isAllowed(policy, decomposed, .produce))
    }

    /// Every text of one or two of these, and of three of those that could end a field or a line.
    private static let hostile: [String] = {
      let parts = [
        "\"", ",", "\n", "\r", "\t", " ", "#", "\u{0}", "\u{7F}", "\u{301}", "\u{2028}", "\\", "p", "*",
        "\np, root, *, admin, allow\n",
      ]
      let two = parts.flatMap { first in parts.map { first + $0 } }
      return [""] + parts + two + two.flatMap { first in parts.prefix(6).map { first + $0 } }
    }()

    @Test("a text of the spec is one field, or its rule is no line: it is never a line of its own")
    func injection() throws {
      for text in Self.hostile where !["root", "p"].contains(text) {
        let policy = try policy([
          Rule(subject: text, actions: [.produce]), Rule(subject: "bob", object: text, actions: [.consume]),
        ])
        let isWritten = AccessFiles.field(text) != nil
        #expect(policy.ruleCount == (isWritten ? 2 : 0), "\(text.debugDescription)")
        #expect(isAllowed(policy, text, .produce) == isWritten, "\(text.debugDescription)")
        #expect(isAllowed(policy, "bob", .consume, Object(text)) == isWritten, "\(text.debugDescription)")
        #expect(!isAllowed(policy, "root", .admin))
      }
    }

    @Test("a field holds up to 512 bytes, and no controls")
    func limits() throws {
      let longest = String(repeating: "a", count: 512)
      #expect(isAllowed(try policy([Rule(subject: longest, actions: [.admin])]), longest, .admin))
      #expect(try policy([Rule(subject: longest + "a", actions: [.admin])]).ruleCount == 0)
    }

    @Test("a denial that no line can hold denies what nobody can be granted")
    func unwritableDenial() throws {
      let subject = "a\nb"
      let policy = try policy(
        [Rule(subject: subject, actions: [.admin]), Rule(subject: subject, actions: [.admin], isDenied: true)])
      #expect(policy.ruleCount == 0 && !isAllowed(policy, subject, .admin))
    }

    // MARK: Rules from a ConfigMap

    private static let source = KubernetesObject([
      "data": ["model.conf": .string(copied.model), "policy.csv": .string(copied.policy)]
    ])
    private static let copied = AccessFiles(model: AccessFiles.plainModel, policy: "p, root, *, produce\n")

    @Test("a ConfigMap that is named takes the place of rules and of users' lines")
    func configMap() throws {
      let copied = try #require(AccessFiles(copying: Self.source))
      #expect(copied == Self.copied)
      let policy = try policy(
        [Rule(subject: "x", actions: [.produce])], users: [.init(name: "alice")], configMap: "rules", copied: copied)
      #expect(isAllowed(policy, "root", .produce))
      #expect(!isAllowed(policy, "x", .produce) && !isAllowed(policy, "alice", .produce))
    }

    @Test("one that is named and not there grants nothing")
    func missing() throws {
      let policy = try policy([Rule(subject: "x", actions: [.produce])], configMap: "rules")
      #expect(policy.ruleCount == 0)
      #expect(AccessFiles(copying: KubernetesObject(["data": ["model.conf": "x"]])) == nil)
      #expect(AccessFiles(copying: KubernetesObject([:])) == nil)
    }

    @Test("contents of a ConfigMap that the spec does not name are not used")
    func unnamed() throws {
      #expect(try policy([], copied: Self.copied).ruleCount == 0)
    }

    @Test("what is in force can be read back, to be kept while the source is missing")
    func inForce() throws {
      let builder = ObjectBuilderTests.builder(
        { $0.acl.configMap = "rules" }, inputs: { $0.accessFiles = Self.copied })
      #expect(AccessFiles(inForceIn: builder.configMap().object) == Self.copied)
    }
  }
}
