import Foundation
import KubernetesClient
import Logging
import TestSupport

/// A Kubernetes without nodes, started by `make scale`: objects, and the controllers that make pods of them, which stay pending.
struct ScaleControlPlane {
  /// Of the operator's own service account, with the rights that the chart gives it.
  let operatorKubeconfig: String
  /// As a cluster's administrator.
  let client: RESTClient

  /// Nobody waits here for his turn: what is measured is the operator.
  private static let requestsPerSecond = 1_000.0

  /// Installs what the operator needs to run, but for itself: it is a process beside the cluster.
  init(in directory: TemporaryDirectory) async throws {
    let chart = try await Cluster.helm(
      ["template", "proglog-operator", "\(Cluster.root)/charts/proglog-operator", "-n", Cluster.operatorNamespace]
        + ["crd", "rbac", "leader-election", "serviceaccount"].flatMap { ["-s", "templates/\($0).yaml"] })
    guard chart.status == 0 else { throw Cluster.Failure(description: "helm: \(chart.errors)") }
    try await Cluster.kubectl("create", "namespace", Cluster.operatorNamespace)
    // Rules in the definition are unknown to Kubernetes before 1.23, which drops them.
    try await Cluster.kubectl("apply", "--validate=false", "-f", "-", input: chart.output)
    try await Cluster.kubectl("wait", "--for=condition=Established", "crd/proglogs.proglog.io", "--timeout=60s")
    operatorKubeconfig = directory.file("operator.kubeconfig")
    try await Self.writeKubeconfig(to: operatorKubeconfig)
    client = try Self.client()
  }

  private static func client() throws -> RESTClient {
    var options = RESTClient.Options.defaults
    options.requestsPerSecond = requestsPerSecond
    options.burst = Int(requestsPerSecond)
    let configuration = try ClusterConfiguration.kubeconfig(environment: ProcessInfo.processInfo.environment)
    return try RESTClient(configuration, options: options, logger: Logger(label: "scale"))
  }

  private static func writeKubeconfig(to path: String) async throws {
    let account = "/api/v1/namespaces/\(Cluster.operatorNamespace)/serviceaccounts/proglog-operator/token"
    let answer = try await Cluster.kubectl(
      "create", "--raw", account, "-f", "-",
      input: #"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":86400}}"#)
    let token = try JSONDecoder().decode(TokenRequest.self, from: Data(answer.utf8)).status.token
    let current = try await Cluster.kubectl("config", "view", "--raw", "--minify", "-o", "json")
    var config = try JSONDecoder().decode(JSONValue.self, from: Data(current.utf8))
    config["users"] = [["name": "operator", "user": ["token": .string(token)]]]
    config["contexts"] = config["contexts"]?.array.map { contexts in
      .array(
        contexts.map { context in
          var context = context
          context["context"]?["user"] = "operator"
          return context
        })
    }
    try JSONEncoder().encode(config).write(to: URL(fileURLWithPath: path))
  }

  private struct TokenRequest: Decodable {
    struct Status: Decodable {
      var token: String
    }

    var status: Status
  }

  /// Makes every version so far too old: etcd forgets it, and an API server that starts knows no history.
  func forgetHistory() async throws {
    let revision = try await client.list(.configMap, namespace: "default", labelSelector: nil).resourceVersion
    let compaction = try await run(
      "/usr/bin/env",
      ["curl", "-sS", "--fail", "-d", #"{"revision":"\#(revision)","physical":true}"#, "\(Self.etcd)/v3/kv/compaction"])
    guard compaction.status == 0 else { throw Cluster.Failure(description: "etcd: \(compaction.errors)") }
    for script in ["down", "up"] {
      let result = try await run("\(Cluster.root)/hack/kube/\(script)", [], environment: ["MODE": "control-plane"])
      guard result.status == 0 else { throw Cluster.Failure(description: "hack/kube/\(script): \(result.errors)") }
    }
  }

  /// Where hack/kube has it.
  private static let etcd = "http://127.0.0.1:2379"
}
