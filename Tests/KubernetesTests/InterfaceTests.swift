import Foundation
import TestSupport
import Testing

/// What a person reads: kubectl's columns and explanations, and the refusals of wrong input.
@Suite(.serialized, .enabled(if: Cluster.isAvailable, "needs the cluster that `make test` starts"))
struct InterfaceTests {
  struct WrongSpec: Sendable, CustomTestStringConvertible {
    var spec: String
    var says: [String]
    var testDescription: String { spec }
  }

  static let wrongSpecs = [
    WrongSpec(spec: #"{"replicas": 3}"#, says: ["spec.replicas"]),
    WrongSpec(spec: #"{"replicas": "one"}"#, says: ["spec.replicas"]),
    WrongSpec(spec: #"{"storage": {"size": "much"}}"#, says: ["spec.storage.size"]),
    WrongSpec(spec: #"{"access": {"type": "Magic"}}"#, says: ["spec.access.type", "LoadBalancer"]),
    WrongSpec(spec: #"{"logLevel": "loud"}"#, says: ["spec.logLevel"]),
    WrongSpec(
      spec: #"{"storage": {"retention": {"whenDeleted": "Maybe"}}}"#, says: ["spec.storage.retention.whenDeleted"]),
  ]

  @Test("a wrong spec is refused with the name of the field", arguments: wrongSpecs)
  func wrongSpec(_ wrong: WrongSpec) async throws {
    try await Cluster.installOperator()
    let object = """
      {"apiVersion": "proglog.io/v1alpha1", "kind": "ProgLog", "metadata": {"name": "wrong"}, "spec": \(wrong.spec)}
      """
    let result = try await Cluster.tryKubectl(["create", "-n", "default", "-f", "-"], input: object)
    #expect(result.status != 0)
    for text in wrong.says { #expect(result.errors.contains(text), "\(result.errors)") }
  }

  @Test(
    "kubectl explain teaches every field",
    arguments: [
      "plog", "plog.spec", "plog.spec.replicas", "plog.spec.storage.size", "plog.spec.access.type", "plog.status",
    ])
  func explain(field: String) async throws {
    try await Cluster.installOperator()
    let text = try await eventually("the API server publishes the schema") { () -> String? in
      let result = try await Cluster.tryKubectl(["explain", field])
      return result.status == 0 ? result.output : nil
    }
    #expect(text.contains("DESCRIPTION:") && !text.contains("<empty>"), "\(text)")
  }

  @Test("kubectl get says at a glance how a ProgLog is")
  func columns() async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("columns") { namespace in
      let log = ProgLogResource(namespace: namespace)
      try await log.apply()
      try await log.becomesReady()
      let table = try await Cluster.kubectl("get", "plog", "-n", namespace).split(separator: "\n")
      #expect(table.first?.contains("READY") == true, "\(table)")
      #expect(table.last?.contains("True") == true, "\(table)")
      let description = try await Cluster.kubectl("describe", "plog", log.name, "-n", namespace)
      #expect(description.contains("Events:") && description.contains("proglog-operator"), "\(description)")
    }
  }

  @Test("charts lint clean and render", arguments: ["proglog-operator", "proglog"])
  func charts(name: String) async throws {
    let lint = try await Cluster.helm(["lint", "\(Cluster.root)/charts/\(name)"])
    #expect(lint.status == 0 && !lint.output.contains("[WARNING]"), "\(lint.output)\(lint.errors)")
    let template = try await Cluster.helm(["template", "example", "\(Cluster.root)/charts/\(name)"])
    #expect(template.status == 0 && template.output.contains("kind:"), "\(template.errors)")
  }

  @Test(
    "wrong chart values are refused with the name of the field",
    arguments: [
      ("proglog", "replicas=three", "replicas"), ("proglog", "storrage.size=1Gi", "storrage"),
      ("proglog-operator", "replicaz=1", "replicaz"),
    ])
  func wrongValues(chart: String, setting: String, field: String) async throws {
    let result = try await Cluster.helm(["template", "example", "\(Cluster.root)/charts/\(chart)", "--set", setting])
    #expect(result.status != 0)
    #expect("\(result.output)\(result.errors)".contains(field), "\(result.output)\(result.errors)")
  }
}
