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

  /// What the schema alone refuses, in every version of Kubernetes. How the place in a list is written differs by version.
  static let wrongSpecs = [
    WrongSpec(spec: #"{"replicas": 4}"#, says: ["spec.replicas", "3", "5"]),
    WrongSpec(spec: #"{"replicas": 11}"#, says: ["spec.replicas"]),
    WrongSpec(spec: #"{"replicas": "one"}"#, says: ["spec.replicas"]),
    WrongSpec(spec: #"{"hibernated": "yes"}"#, says: ["spec.hibernated"]),
    WrongSpec(spec: #"{"storage": {"size": "much"}}"#, says: ["spec.storage.size"]),
    WrongSpec(spec: #"{"access": {"type": "Magic"}}"#, says: ["spec.access.type", "LoadBalancer"]),
    WrongSpec(spec: #"{"access": {"overrides": [{"pod": "wrong-9"}]}}"#, says: ["spec.access.overrides", "pod"]),
    WrongSpec(
      spec: #"{"access": {"overrides": [{"pod": "wrong-0", "rpcNodePort": 80}]}}"#,
      says: ["spec.access.overrides", "rpcNodePort", "30000"]),
    WrongSpec(
      spec: #"{"access": {"loadBalancerSourceRanges": ["everybody"]}}"#, says: ["spec.access.loadBalancerSourceRanges"]),
    WrongSpec(spec: #"{"logLevel": "loud"}"#, says: ["spec.logLevel"]),
    WrongSpec(spec: #"{"log": {"retentionAge": "a week"}}"#, says: ["spec.log.retentionAge"]),
    WrongSpec(
      spec: #"{"storage": {"retention": {"whenDeleted": "Maybe"}}}"#, says: ["spec.storage.retention.whenDeleted"]),
    WrongSpec(spec: #"{"tls": {"mode": "On"}}"#, says: ["spec.tls.mode", "Managed"]),
    WrongSpec(spec: #"{"tls": {"leafLifetime": "3 months"}}"#, says: ["spec.tls.leafLifetime"]),
    WrongSpec(spec: #"{"users": [{"name": "Alice B."}]}"#, says: ["spec.users", "name"]),
    WrongSpec(spec: #"{"users": [{"name": "a"}, {"name": "a"}]}"#, says: ["spec.users", "Duplicate"]),
    WrongSpec(spec: #"{"users": [{"name": "a", "actions": ["write"]}]}"#, says: ["spec.users", "actions", "produce"]),
    WrongSpec(spec: #"{"acl": {"rules": [{"subject": "a"}]}}"#, says: ["spec.acl.rules", "actions"]),
    WrongSpec(spec: #"{"terminationGracePeriodSeconds": 1}"#, says: ["spec.terminationGracePeriodSeconds"]),
  ]

  /// What is wrong only in company.
  static let wrongCombinations = [
    WrongSpec(spec: #"{"tls": {"mode": "Disabled"}, "users": [{"name": "a"}]}"#, says: ["users", "Disabled"]),
    WrongSpec(
      spec: #"{"tls": {"mode": "Disabled"}, "acl": {"configMap": "rules"}}"#, says: ["acl", "Disabled"]),
    WrongSpec(
      spec: #"{"acl": {"configMap": "rules", "rules": [{"subject": "a", "actions": ["admin"]}]}}"#,
      says: ["acl", "rules", "configMap"]),
    WrongSpec(spec: #"{"tls": {"mode": "Secrets"}}"#, says: ["secretPrefix"]),
    WrongSpec(spec: #"{"tls": {"leafLifetime": "10m"}}"#, says: ["leafLifetime", "1h"]),
    WrongSpec(spec: #"{"tls": {"trustGracePeriod": "48h"}}"#, says: ["trustGracePeriod", "24h"]),
    WrongSpec(spec: #"{"log": {"maxRecordBytes": 67108864}}"#, says: ["maxRecordBytes", "67108864"]),
    WrongSpec(spec: #"{"access": {"overrides": [{"pod": "other-0"}]}}"#, says: ["overrides", "pod"]),
    WrongSpec(
      spec: #"{"access": {"overrides": [{"pod": "wrong-0", "rpcNodePort": 30000, "httpNodePort": 30000}]}}"#,
      says: ["NodePort"]),
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

  /// Rules of the resource definition refuse it from Kubernetes 1.25 on; before, the operator does, and changes nothing.
  @Test("a wrong combination is refused by the API server or by the operator", arguments: wrongCombinations)
  func wrongCombination(_ wrong: WrongSpec) async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("wrong") { namespace in
      let log = try ProgLogResource(namespace: namespace, name: "wrong")
      let object = """
        {"apiVersion": "proglog.io/v1alpha1", "kind": "ProgLog", "metadata": {"name": "wrong"}, "spec": \(wrong.spec)}
        """
      let result = try await Cluster.tryKubectl(["create", "-n", namespace, "-f", "-"], input: object)
      guard result.status == 0 else {
        for text in wrong.says { #expect(result.errors.contains(text), "\(result.errors)") }
        return
      }
      let message = try await Cluster.eventually("the operator refuses the spec") { () -> String? in
        let status = try await Cluster.get("plog", log.name, in: namespace)?["status"] as? [String: Any]
        let condition = status.flatMap { log.condition("Degraded", of: $0) }
        return condition?["reason"] as? String == "InvalidSpec" ? condition?["message"] as? String : nil
      }
      for text in wrong.says { #expect(message.contains(text), "\(message)") }
      let made = try await Cluster.get("statefulset", log.name, in: namespace)
      #expect(made == nil)
    }
  }

  @Test("a storage class cannot be changed")
  func storageClass() async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("class") { namespace in
      let log = try ProgLogResource(namespace: namespace)
      // Hibernated, so that nothing waits for volumes of a class that there is not.
      try await log.apply(spec: ["hibernated": true, "storage": ["storageClassName": "one"]])
      let patch = #"{"spec": {"storage": {"storageClassName": "two"}}}"#
      let result = try await Cluster.tryKubectl([
        "patch", "plog", log.name, "-n", namespace, "--type=merge", "-p", patch,
      ])
      if result.status != 0 { #expect(result.errors.contains("cannot be changed once the log is made")) }
    }
  }

  @Test(
    "kubectl explain teaches every field",
    arguments: [
      "plog", "plog.spec", "plog.spec.replicas", "plog.spec.hibernated", "plog.spec.storage.size",
      "plog.spec.access.type",
      "plog.spec.access.overrides", "plog.spec.access.overrides.advertisedHost", "plog.spec.tls.mode",
      "plog.spec.tls.trustGracePeriod", "plog.spec.users.actions", "plog.spec.acl.rules.effect",
      "plog.spec.log.retentionAge", "plog.spec.topologySpreadConstraints", "plog.spec.networkPolicy.clients",
      "plog.spec.monitoring.podMonitor", "plog.status", "plog.status.members.role",
      "plog.status.certificates.rollStage",
      "plog.status.recovery.token",
    ])
  func explain(field: String) async throws {
    try await Cluster.installOperator()
    let text = try await Cluster.eventually("the API server publishes the schema") { () -> String? in
      let result = try await Cluster.tryKubectl(["explain", field])
      return result.status == 0 ? result.output : nil
    }
    #expect(text.contains("DESCRIPTION:") && !text.contains("<empty>"), "\(text)")
  }

  @Test("kubectl get says at a glance how a ProgLog is")
  func columns() async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("columns") { namespace in
      let log = try ProgLogResource(namespace: namespace)
      try await log.apply()
      try await log.becomesReady()
      let table = try await Cluster.kubectl("get", "plog", "-n", namespace).split(separator: "\n")
      for column in ["REPLICAS", "READY", "LEADER", "STATUS", "ADDRESS", "AGE"] {
        #expect(table.first?.contains(column) == true, "\(table)")
      }
      #expect(table.last?.contains("Serving") == true && table.last?.contains("\(log.name)-0") == true, "\(table)")
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
    "every value of a chart finds its way into what is made",
    arguments: [
      (
        "proglog", ["replicas=5", "hibernated=true", "tls.leafLifetime=24h"],
        ["replicas: 5", "hibernated: true", "24h"]
      ),
      (
        "proglog", ["users[0].name=alice", "storage.storageClassName=fast"], ["name: alice", "storageClassName: fast"]
      ),
      (
        "proglog", ["networkPolicy.enabled=false", "monitoring.podMonitor=true"],
        ["enabled: false", "podMonitor: true"]
      ),
      ("proglog-operator", ["replicas=3"], ["replicas: 3", "--leader-elect", "PodDisruptionBudget", "leases"]),
      ("proglog-operator", ["monitoring.podMonitors=true"], ["podmonitors"]),
      ("proglog-operator", ["monitoring.podMonitor.enabled=true"], ["kind: PodMonitor"]),
      ("proglog-operator", ["monitoring.alerts.enabled=true"], ["kind: PrometheusRule", "runbook_url"]),
    ])
  func values(chart: String, settings: [String], texts: [String]) async throws {
    let flags = settings.flatMap { ["--set", $0] }
    let result = try await Cluster.helm(["template", "example", "\(Cluster.root)/charts/\(chart)"] + flags)
    #expect(result.status == 0, "\(result.errors)")
    for text in texts { #expect(result.output.contains(text), "\(text) is missing") }
  }

  @Test(
    "wrong chart values are refused with the name of the field",
    arguments: [
      ("proglog", ["replicas=three"], "replicas"), ("proglog", ["replicas=4"], "replicas"),
      ("proglog", ["storrage.size=1Gi"], "storrage"), ("proglog", ["tls.mode=On"], "tls/mode"),
      ("proglog", ["tls.mode=Secrets"], "tls/secretPrefix"),
      ("proglog", ["tls.mode=Disabled", "users[0].name=alice"], "users"),
      ("proglog", ["users[0].name=Alice"], "users/0/name"), ("proglog", ["log.retentionAge=week"], "log/retentionAge"),
      ("proglog", ["terminationGracePeriodSeconds=1"], "terminationGracePeriodSeconds"),
      ("proglog-operator", ["replicaz=1"], "replicaz"), ("proglog-operator", ["replicas=0"], "replicas"),
      ("proglog-operator", ["monitoring.alert.enabled=true"], "alert"),
      ("proglog-operator", ["monitoring.alerts.enabled=often"], "monitoring/alerts/enabled"),
    ])
  func wrongValues(chart: String, settings: [String], field: String) async throws {
    let flags = settings.flatMap { ["--set", $0] }
    let result = try await Cluster.helm(["template", "example", "\(Cluster.root)/charts/\(chart)"] + flags)
    #expect(result.status != 0)
    #expect("\(result.output)\(result.errors)".contains(field), "\(result.output)\(result.errors)")
  }
}
