import FoundationEssentials
import KubernetesClient
import Testing
import Yams

@testable import Operator

/// The CRD and `ProgLogSpec` say the same thing twice; here they are held against each other.
@Suite struct CustomResourceDefinitionTests {
  /// The schema of `spec`.
  let schema: JSONValue

  init() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = root.appending(path: "manifests/crd/proglogs.proglog.io.yaml")
    let definition = try JSONValue(yaml: String(contentsOf: file, encoding: .utf8))
    let version = try #require(definition[path: "spec", "versions"]?.array?.first)
    schema = try #require(version[path: "schema", "openAPIV3Schema", "properties", "spec"])
    #expect(definition["metadata"]?["name"]?.string == "proglogs.proglog.io")
    #expect(version["name"]?.string == ResourceType.progLog.version)
  }

  /// A value of every field that is allowed and is not its default.
  static let other: [String: JSONValue] = [
    "replicas": 1, "image": "logd:2", "imagePullPolicy": "Never", "logLevel": "debug", "log.maxStoreBytes": 1_048_576,
    "log.maxIndexBytes": 65_536, "storage.size": "2Gi", "storage.storageClassName": "fast",
    "storage.retention.whenDeleted": "Delete", "storage.retention.whenScaled": "Retain", "access.type": "NodePort",
    "access.annotations": ["a": "b"], "service.type": "NodePort", "service.annotations": ["a": "b"],
    "resources.requests": ["cpu": 1], "resources.limits": ["memory": "1Gi"], "podAnnotations": ["a": "b"],
    "podLabels": ["a": "b"],
  ]

  @Test("both have the same fields, and each field is read")
  func fields() throws {
    #expect(Set(leaves(schema).keys) == Set(Self.other.keys))
    for (path, value) in Self.other where path != "replicas" {
      #expect(try decode(path, value) != ProgLogSpec(), "spec.\(path) is not read")
    }
  }

  @Test("both have the same defaults")
  func defaults() throws {
    let defaulted = try ProgLogSpec(of: ProgLogSpecTests.resource(defaults(of: schema)))
    #expect(defaulted == ProgLogSpec())
    for (path, leaf) in leaves(schema) {
      guard let value = leaf["default"], let other = Self.other[path], path != "replicas" else { continue }
      #expect(value != other)
      #expect(try decode(path, value) == ProgLogSpec(), "the default of spec.\(path)")
    }
  }

  @Test("both have the same limits")
  func limits() throws {
    #expect(leaves(schema).values.filter { $0["minimum"]?.integer != nil }.count == 3)
    #expect(leaves(schema).values.filter { $0["enum"] != nil }.count == 6)
    for (path, leaf) in leaves(schema) {
      for choice in leaf["enum"]?.array ?? [] { _ = try decode(path, choice) }
      if leaf["enum"] != nil { #expect(throws: InvalidSpec.self) { try decode(path, "Nonsense") } }
      if let minimum = leaf["minimum"]?.integer, let maximum = leaf["maximum"]?.integer {
        for bound in [minimum, maximum] { _ = try decode(path, .integer(bound)) }
        for beyond in [minimum - 1, maximum + 1] {
          #expect(throws: InvalidSpec.self, "spec.\(path)") { try decode(path, .integer(beyond)) }
        }
      }
    }
  }

  @Test("every field says what it is for")
  func descriptions() {
    for (path, leaf) in leaves(schema) {
      #expect((leaf["description"]?.string?.count ?? 0) > 20, "spec.\(path)")
    }
  }

  private func decode(_ path: String, _ value: JSONValue) throws(InvalidSpec) -> ProgLogSpec {
    let spec = path.split(separator: ".").reversed().reduce(value) { [String($1): $0] }
    return try ProgLogSpec(of: ProgLogSpecTests.resource(spec))
  }

  /// Fields that are no objects with fields of their own, by path.
  private func leaves(_ schema: JSONValue, at path: String = "") -> [String: JSONValue] {
    guard let properties = schema["properties"]?.object else { return [path: schema] }
    return properties.reduce(into: [:]) { result, property in
      let path = path.isEmpty ? property.key : "\(path).\(property.key)"
      result.merge(leaves(property.value, at: path)) { $1 }
    }
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
