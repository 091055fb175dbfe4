import FoundationEssentials
import KubernetesClient
import Testing
import Yams

@testable import Operator

/// The CRD and `ProgLogSpec` say the same thing twice; here they are held against each other.
@Suite struct CustomResourceDefinitionTests {
  /// The schema of `spec`.
  let schema: JSONValue

  private static let manifests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "manifests")

  init() throws {
    let definition = try Self.document("crd/proglogs.proglog.io.yaml")
    let version = try #require(definition[path: "spec", "versions"]?.array?.first)
    schema = try #require(version[path: "schema", "openAPIV3Schema", "properties", "spec"])
    #expect(definition["metadata"]?["name"]?.string == "proglogs.proglog.io")
    #expect(version["name"]?.string == ResourceType.progLog.version)
  }

  private static func document(_ path: String) throws -> JSONValue {
    try JSONValue(yaml: String(contentsOf: manifests.appending(path: path), encoding: .utf8))
  }

  /// A value of every field that is allowed and is not its default. `[]` stands for an entry of a list.
  static let other: [String: JSONValue] = [
    "replicas": 5, "hibernated": true, "image": "logd:2", "imagePullPolicy": "Never",
    "imagePullSecrets": [["name": "registry"]], "imagePullSecrets[].name": "other", "logLevel": "debug",
    "log.maxStoreBytes": 4_194_304, "log.maxIndexBytes": 65_536, "log.maxRecordBytes": 2048, "log.maxBatchBytes": 4096,
    "log.retentionBytes": 1_073_741_824, "log.retentionAge": "168h", "storage.size": "2Gi",
    "storage.storageClassName": "fast", "storage.retention.whenDeleted": "Delete",
    "storage.retention.whenScaled": "Retain", "access.type": "NodePort", "access.annotations": ["a": "b"],
    "access.labels": ["a": "b"], "access.loadBalancerSourceRanges": ["10.0.0.0/8"],
    "access.loadBalancerClass": "example.com/internal", "access.overrides": [["pod": "log-1"]],
    "access.overrides[].pod": "log-2", "access.overrides[].annotations": ["a": "b"],
    "access.overrides[].loadBalancerIP": "203.0.113.9", "access.overrides[].rpcNodePort": 31_000,
    "access.overrides[].httpNodePort": 31_001, "access.overrides[].advertisedHost": "log-0.example.com",
    "service.type": "NodePort", "service.annotations": ["a": "b"], "service.labels": ["a": "b"],
    "service.loadBalancerSourceRanges": ["2001:db8::/32"], "service.loadBalancerClass": "internal",
    "tls.mode": "Disabled", "tls.leafLifetime": "24h", "tls.trustGracePeriod": "1h30m", "tls.secretPrefix": "log",
    "tls.adminSecret": "log-admin", "tls.extraNames": ["log.example.com"],
    "acl.rules": [["subject": "a", "actions": ["admin"]]], "acl.rules[].subject": "bob", "acl.rules[].object": "orders",
    "acl.rules[].actions": ["admin"], "acl.rules[].effect": "Deny", "acl.configMap": "rules",
    "users": [["name": "a"]], "users[].name": "bob", "users[].actions": ["admin"],
    "resources.requests": ["cpu": 1], "resources.limits": ["memory": "1Gi"], "podAnnotations": ["a": "b"],
    "podLabels": ["a": "b"], "nodeSelector": ["zone": "b"], "affinity": ["nodeAffinity": [:]],
    "tolerations": [["operator": "Exists"]], "topologySpreadConstraints": [], "priorityClassName": "high",
    "securityContext": ["runAsUser": 1000], "terminationGracePeriodSeconds": 90, "networkPolicy.enabled": false,
    "networkPolicy.clients": [["podSelector": [:]]], "podDisruptionBudget.enabled": false,
    "monitoring.podMonitor": true,
    "monitoring.podMonitorLabels": ["release": "prometheus"],
  ]

  /// The least entry of each list of objects.
  static let entries: [String: JSONValue] = [
    "imagePullSecrets": ["name": "registry"], "access.overrides": ["pod": "log-0"],
    "acl.rules": ["subject": "alice", "actions": ["produce"]], "users": ["name": "alice"],
  ]

  /// What a field needs beside it.
  static let beside: [String: JSONValue] = [
    "log.maxRecordBytes": ["log": ["maxStoreBytes": 134_217_728]],
    "tls.mode": ["tls": ["secretPrefix": "log", "adminSecret": "log-admin"]],
  ]

  @Test("both have the same fields, and each field is read")
  func fields() throws {
    #expect(Set(leaves(schema).keys) == Set(Self.other.keys))
    for (path, value) in Self.other {
      #expect(try decode(path, value) != decode(path, nil), "spec.\(path) is not read")
    }
  }

  @Test("both have the same defaults")
  func defaults() throws {
    let defaulted = try ProgLogSpec(of: ProgLogSpecTests.resource(defaults(of: schema)))
    #expect(defaulted == ProgLogSpec())
    for (path, leaf) in leaves(schema) {
      guard let value = leaf["default"] else { continue }
      #expect(value != Self.other[path])
      #expect(try decode(path, value) == decode(path, nil), "the default of spec.\(path)")
    }
  }

  @Test("both have the same limits of numbers, and the same choices")
  func limits() throws {
    #expect(leaves(schema).values.filter { $0["minimum"]?.integer != nil }.count == 9)
    #expect(leaves(schema).values.filter { $0["enum"] != nil }.count == 9)
    for (path, leaf) in leaves(schema) {
      let choices = leaf["enum"]?.array ?? []
      for choice in choices { _ = try decode(path, choice) }
      if !choices.isEmpty { #expect(throws: InvalidSpec.self) { try decode(path, "Nonsense") } }
      if let minimum = leaf["minimum"]?.integer, let maximum = leaf["maximum"]?.integer {
        for bound in [minimum, maximum] { _ = try decode(path, .integer(bound)) }
        let within = choices.isEmpty ? [] : (minimum...maximum).filter { !choices.contains(.integer($0)) }
        for beyond in [minimum - 1, maximum + 1] + within {
          #expect(throws: InvalidSpec.self, "spec.\(path)") { try decode(path, .integer(beyond)) }
        }
      }
    }
  }

  /// A list of so many entries, each another one.
  static let lists: [String: @Sendable (Int) -> JSONValue] = [
    "imagePullSecrets": { .array((0..<$0).map { ["name": "s\($0)"] }) },
    "access.loadBalancerSourceRanges": { .array((0..<$0).map { "10.0.\($0).0/24" }) },
    "access.overrides": { .array((0..<$0).map { ["pod": "log-\($0)"] }) },
    "service.loadBalancerSourceRanges": { .array((0..<$0).map { "10.0.\($0).0/24" }) },
    "tls.extraNames": { .array((0..<$0).map { "h\($0)" }) },
    "acl.rules": { .array((0..<$0).map { ["subject": "s\($0)", "actions": ["produce"]] }) },
    "users": { .array((0..<$0).map { ["name": "u\($0)"] }) },
    "tolerations": { .array((0..<$0).map { ["key": "k\($0)"] }) },
    "topologySpreadConstraints": { .array((0..<$0).map { ["topologyKey": "k\($0)"] }) },
    "networkPolicy.clients": { .array((0..<$0).map { ["podSelector": ["matchLabels": ["a": "\($0)"]]] }) },
  ]

  @Test("every list, map and text has a bound, and both the same")
  func bounds() throws {
    for (path, leaf) in leaves(schema) {
      switch leaf["type"]?.string {
      case "array" where leaf["items"]?["enum"] == nil:
        let list = try #require(Self.lists[path], "spec.\(path)")
        let most = try #require(leaf["maxItems"]?.integer.map(Int.init), "spec.\(path)")
        _ = try decode(path, list(most))
        #expect(throws: InvalidSpec.self, "spec.\(path)") { try decode(path, list(most + 1)) }
      case "object" where leaf["additionalProperties"] != nil:
        let most = try #require(leaf["maxProperties"]?.integer.map(Int.init), "spec.\(path)")
        let map = { JSONValue.object(Dictionary(uniqueKeysWithValues: (0..<$0).map { ("k\($0)", "1") })) }
        _ = try decode(path, map(most))
        #expect(throws: InvalidSpec.self, "spec.\(path)") { try decode(path, map(most + 1)) }
        let longest = try #require(leaf[path: "additionalProperties", "maxLength"]?.integer.map(Int.init))
        #expect(throws: InvalidSpec.self, "spec.\(path)") {
          try decode(path, ["k": .string(String(repeating: "1", count: longest + 1))])
        }
      case "string" where leaf["enum"] == nil:
        let longest = try #require(leaf["maxLength"]?.integer.map(Int.init), "spec.\(path)")
        #expect(throws: InvalidSpec.self, "spec.\(path)") {
          try decode(path, .string(String(repeating: "a", count: longest + 1)))
        }
      default: continue
      }
    }
  }

  /// Texts that both take, or neither.
  static let texts: [(path: String, allowed: [String], refused: [String])] = [
    ("imagePullSecrets[].name", ["a", "a.b-c"], ["A", "-a", "a-", "a..b", "a."]),
    ("log.retentionAge", ["0s", "500ms", "1000000d"], ["1", "h", "-1h", "1000001h", "1w", "1h30m"]),
    ("storage.storageClassName", ["gp3", "a.b"], ["Fast", "a/b", ".a"]),
    ("access.overrides[].loadBalancerIP", ["10.0.0.1", "2001:db8::1"], ["host"]),
    ("access.overrides[].pod", ["log-0", "log-8"], ["log-9", "log-", "log-08", "0"]),
    (
      "access.overrides[].advertisedHost", ["a.example.com", "10.0.0.1", "::1"], ["*.example.com", "a b", "a..b", "-a"]
    ),
    ("access.loadBalancerClass", ["internal", "example.com/Internal_1"], ["/a", "a/", "a b", "-a"]),
    ("tls.leafLifetime", ["1h", "1h0m", "90m", "3600s"], ["1", "1d", "1m1h", "h", "100000h", "1.5h"]),
    ("tls.secretPrefix", ["log", "a.b"], ["Log", "log-"]),
    ("acl.rules[].subject", ["alice", "CN of a, b", "billing.example.com"], ["", "a\nb", "a\u{7F}"]),
    ("acl.configMap", ["rules"], ["Rules"]),
    ("users[].name", ["alice", "a-1", "0"], ["Alice", "a.b", "-a", "a_b"]),
    ("priorityClassName", ["high", "system.high"], ["High"]),
  ]

  @Test("both take the same texts", arguments: texts)
  func patterns(path: String, allowed: [String], refused: [String]) throws {
    let pattern = try Regex(#require(leaves(schema)[path]?["pattern"]?.string))
    for text in allowed {
      #expect(text.wholeMatch(of: pattern) != nil, "the CRD refuses \(text) as spec.\(path)")
      _ = try decode(path, .string(text))
    }
    for text in refused {
      #expect(text.wholeMatch(of: pattern) == nil, "the CRD takes \(text) as spec.\(path)")
      #expect(throws: InvalidSpec.self, "spec.\(path)") { try decode(path, .string(text)) }
    }
  }

  @Test("every sample can be carried out", arguments: ["proglog", "kind", "cloud", "plaintext"])
  func samples(name: String) throws {
    let sample = try Self.document("samples/\(name).yaml")
    let spec = try ProgLogSpec(of: KubernetesObject(sample))
    #expect(spec != ProgLogSpec())
    #expect(sample["kind"]?.string == ResourceType.progLog.kind)
    #expect(sample["apiVersion"]?.string == ResourceType.progLog.apiVersion)
  }

  @Test("every rule says what is wrong")
  func rules() {
    let rules = everything(schema).flatMap { $0["x-kubernetes-validations"]?.array ?? [] }
    #expect(rules.count == 10)
    for rule in rules { #expect(rule["rule"]?.string != nil && (rule["message"]?.string?.count ?? 0) > 10) }
  }

  @Test("every field says what it is for")
  func descriptions() {
    for (path, leaf) in leaves(schema) {
      #expect((leaf["description"]?.string?.count ?? 0) > 20, "spec.\(path)")
    }
    for object in everything(schema) { #expect(object["description"] != nil, "\(object)") }
  }

  /// The spec with one field, or, with nil, with what the field needs around it.
  private func decode(_ path: String, _ value: JSONValue?) throws(InvalidSpec) -> ProgLogSpec {
    let spec = nested(path.split(separator: ".").map(String.init)[...], at: "", value)
    return try ProgLogSpec(of: ProgLogSpecTests.resource(merged(Self.beside[path] ?? [:], spec)))
  }

  private func nested(_ path: ArraySlice<String>, at parent: String, _ value: JSONValue?) -> JSONValue {
    guard let first = path.first else { return value ?? [:] }
    let isEntry = first.hasSuffix("[]")
    let name = isEntry ? String(first.dropLast(2)) : first
    let whole = parent.isEmpty ? name : "\(parent).\(name)"
    if path.count == 1, !isEntry { return value.map { [name: $0] } ?? [:] }
    let inner = nested(path.dropFirst(), at: whole, value)
    return [name: isEntry ? [merged(Self.entries[whole] ?? [:], inner)] : inner]
  }

  /// Objects laid over each other; what is in `over` wins.
  private func merged(_ under: JSONValue, _ over: JSONValue) -> JSONValue {
    guard let low = under.object, let high = over.object else { return over }
    return .object(low.merging(high) { merged($0, $1) })
  }

  /// Fields that are no objects with fields of their own, by path; lists of objects and the fields of their entries.
  private func leaves(_ schema: JSONValue, at path: String = "") -> [String: JSONValue] {
    if let entry = schema["items"], entry["properties"] != nil {
      return leaves(entry, at: "\(path)[]").merging([path: schema]) { $1 }
    }
    guard let properties = schema["properties"]?.object else { return [path: schema] }
    return properties.reduce(into: [:]) { result, property in
      let path = path.isEmpty ? property.key : "\(path).\(property.key)"
      result.merge(leaves(property.value, at: path)) { $1 }
    }
  }

  /// Every schema inside, itself too, but for what a map holds.
  private func everything(_ schema: JSONValue) -> [JSONValue] {
    let inner = (schema["properties"]?.object ?? [:]).values + [schema["items"]].compactMap { $0 }
    return [schema] + inner.flatMap(everything)
  }

  /// What the API server makes of an empty object.
  private func defaults(of schema: JSONValue) -> JSONValue? {
    guard let properties = schema["properties"]?.object else { return schema["default"] }
    let members = properties.compactMapValues { property -> JSONValue? in
      // Defaults inside an absent object are not applied, so every such object has a default itself.
      property["properties"] == nil || property["default"] != nil ? defaults(of: property) : nil
    }
    return .object(members)
  }
}

extension JSONValue {
  fileprivate init(yaml: String) throws {
    self = try Self(node: #require(try Yams.compose(yaml: yaml)))
  }

  private init(node: Node) throws {
    switch node {
    case .mapping(let mapping):
      let members = try mapping.map { (try #require($0.key.string), try JSONValue(node: $0.value)) }
      self = .object(Dictionary(uniqueKeysWithValues: members))
    case .sequence(let sequence): self = .array(try sequence.map(JSONValue.init(node:)))
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain
      if isPlain, let number = node.int {
        self = .integer(Int64(number))
      } else if isPlain, let flag = node.bool {
        self = .bool(flag)
      } else {
        self = .string(scalar.string)
      }
    case .alias: throw InvalidSpec(field: "yaml", message: "must have no aliases")
    }
  }
}
