extension ProgLogSpec.AccessControlList {
  init(_ reader: SpecReader) throws(InvalidSpec) {
    for rule in try reader.objects("rules", most: 256) { rules.append(try Rule(rule)) }
    configMap = try reader.string("configMap", allowed: "a ConfigMap's name", where: Syntax.isObjectName)
    if configMap != nil, !rules.isEmpty {
      throw reader.invalid("configMap", "cannot be given together with spec.acl.rules: put the rules into it")
    }
  }
}

extension ProgLogSpec.AccessControlList.Rule {
  private enum Effect: String, CaseIterable {
    case allow = "Allow"
    case deny = "Deny"
  }

  init(_ reader: SpecReader) throws(InvalidSpec) {
    subject = try reader.required("subject", Self.name("subject", reader))
    object = try Self.name("object", reader) ?? "*"
    actions = try reader.required("actions", reader.choices("actions"))
    let effect: Effect = try reader.choice("effect") ?? .allow
    isDenied = effect == .deny
  }

  /// One field of a line of the policy, which logd takes up to 512 bytes of.
  private static func name(_ name: String, _ reader: SpecReader) throws(InvalidSpec) -> String? {
    try reader.string(name, longest: 512, allowed: "1 to 512 bytes without control characters") { text in
      text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
  }
}
