import Authorization
import KubernetesClient

/// Who may do what, as logd reads it: casbin's model and policy.
struct AccessFiles: Sendable, Hashable {
  var model: String
  var policy: String
}

// MARK: - From a ConfigMap

extension AccessFiles {
  static let sourceModelFile = "model.conf"
  static let sourcePolicyFile = "policy.csv"

  /// What a ConfigMap that `spec.acl.configMap` names holds; nil unless it has both files.
  init?(copying configMap: KubernetesObject) {
    self.init(configMap, model: Self.sourceModelFile, policy: Self.sourcePolicyFile)
  }

  /// What our own ConfigMap says now: a source that is missing for a while must not shut everybody out.
  init?(inForceIn configMap: KubernetesObject) {
    self.init(configMap, model: Names.aclModelFile, policy: Names.aclPolicyFile)
  }

  /// What logd would refuse, with the place and what to do about it. Servers that run would keep their rules; one that
  /// starts would not, and an access list is no reason to lose servers.
  var problem: String? {
    do throws(PolicyError) {
      _ = try AccessPolicy(
        model: SourceFile(name: Self.sourceModelFile, text: model),
        policy: SourceFile(name: Self.sourcePolicyFile, text: policy))
      return nil
    } catch { return error.description }
  }

  private init?(_ configMap: KubernetesObject, model: String, policy: String) {
    guard let files = configMap.content["data"], let model = files[model]?.string, let policy = files[policy]?.string
    else { return nil }
    self.init(model: model, policy: policy)
  }
}

// MARK: - From the spec

extension AccessFiles {
  /// - Parameter header: the first line of the policy, a comment.
  init(rules: [ProgLogSpec.AccessControlList.Rule], users: [ProgLogSpec.User], header: String) {
    let ofUsers = users.map { ProgLogSpec.AccessControlList.Rule(subject: $0.name, actions: $0.actions) }
    // A line that is there twice is an error to logd. Told apart by bytes, as logd compares: to Swift two spellings of
    // one letter are equal.
    var seen: Set<[UInt8]> = []
    let lines = (rules + ofUsers).flatMap(Self.lines).filter { seen.insert(Array($0.utf8)).inserted }
    self.init(model: Self.model, policy: header + lines.joined())
  }

  /// A line of the spec grants or denies by the same texts; a denial wins. The same texts only: a subject or an object is
  /// no pattern, and `*` is the log's own name.
  private static let model = """
    [request_definition]
    r = sub, obj, act

    [policy_definition]
    p = sub, obj, act, eft

    [policy_effect]
    e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

    [matchers]
    m = r.sub == p.sub && r.obj == p.obj && r.act == p.act

    """

  /// One for each action. A rule with a text that no line can hold has none, be it a grant or a denial: what it denies
  /// could only be granted by a rule with that same text.
  private static func lines(of rule: ProgLogSpec.AccessControlList.Rule) -> [String] {
    guard let subject = field(rule.subject), let object = field(rule.object) else { return [] }
    let effect = rule.isDenied ? "deny" : "allow"
    return rule.actions.map { "p, \(subject), \(object), \($0.rawValue), \(effect)\n" }
  }

  /// A text as a field of a line, in quotes unless it is as plain as most names; nil for what no field can hold: nothing,
  /// too much, and controls, above all the end of a line.
  static func field(_ text: String) -> String? {
    let bytes = text.utf8
    guard (1...longestField).contains(bytes.count), !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
      return nil
    }
    if bytes.allSatisfy(isPlain) { return text }
    let quote = UInt8(ascii: "\"")
    return String(decoding: [quote] + bytes.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote], as: UTF8.self)
  }

  /// In bytes; logd takes no longer ones.
  private static let longestField = 512

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "*"), UInt8(ascii: "@"), UInt8(ascii: ":"), UInt8(ascii: "/"):
      true
    default: false
    }
  }
}
