import Foundation
import TestSupport

/// The real cluster that `make test` starts, through kubectl and Helm as a person would use it.
enum Cluster {
  private static let environment = ProcessInfo.processInfo.environment
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// Set by hack/test once the cluster runs and holds the images.
  static let isAvailable = environment["PROGLOG_KUBERNETES_TESTS"] == "1"
  static let reason = "needs the cluster that `make test` starts"
  /// The API server's audit log, where the cluster keeps one that the test can read.
  static let auditLog = environment["PROGLOG_AUDIT_LOG"]
  static let operatorNamespace = "proglog-system"
  static let operatorUser = "system:serviceaccount:\(operatorNamespace):proglog-operator"

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// Runs kubectl and returns what it printed.
  @discardableResult
  static func kubectl(_ arguments: String..., input: String? = nil) async throws -> String {
    let result = try await tryKubectl(arguments, input: input)
    guard result.status == 0 else {
      throw Failure(description: "kubectl \(arguments.joined(separator: " ")): \(result.errors)")
    }
    return result.output
  }

  static func tryKubectl(
    _ arguments: [String], input: String? = nil
  ) async throws -> (status: Int32, output: String, errors: String) {
    try await run("/usr/bin/env", ["kubectl"] + arguments, input: input.map { Data($0.utf8) }, within: .seconds(120))
  }

  /// An object as JSON; nil when there is none.
  static func get(_ type: String, _ name: String, in namespace: String) async throws -> [String: Any]? {
    let result = try await tryKubectl(["get", type, name, "-n", namespace, "-o", "json", "--ignore-not-found"])
    guard result.status == 0 else { throw Failure(description: result.errors) }
    guard !result.output.isEmpty else { return nil }
    return try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
  }

  /// Waits until `condition` gives a value. Each look is a kubectl, and tests that do nothing but look would take the processors from
  /// what they wait for.
  @discardableResult
  static func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(120), _ condition: () async throws -> Value?
  ) async throws -> Value {
    try await TestSupport.eventually(what, within: limit, every: .milliseconds(500), condition)
  }

  static func helm(_ arguments: [String]) async throws -> (status: Int32, output: String, errors: String) {
    try await run("\(root)/hack/helm", arguments, within: .seconds(180))
  }

  /// When the tests began.
  static let start = Date.now

  /// Installs the operator from its chart; once for all tests.
  static func installOperator() async throws { try await installation.value }

  private static let installation = Task {
    _ = start
    try await upgradeOperator()
  }

  /// Makes the release what the chart and `values` say.
  static func upgradeOperator(_ values: [String] = []) async throws {
    var arguments = [
      "upgrade", "--install", "proglog-operator", "\(root)/charts/proglog-operator", "--namespace", operatorNamespace,
      "--create-namespace",
    ]
    for (variable, value) in [("PROGLOG_OPERATOR_IMAGE", "image"), ("PROGLOG_LOGD_IMAGE", "logdImage")] {
      guard let image = environment[variable], let colon = image.lastIndex(of: ":") else {
        throw Failure(description: "\(variable) does not name the image that hack/test packed")
      }
      arguments += ["--set", "\(value).repository=\(image[..<colon])"]
      arguments += ["--set-string", "\(value).tag=\(image[image.index(after: colon)...])"]
    }
    for value in values { arguments += ["--set", value] }
    try await release(arguments)
  }

  /// A command of Helm that must succeed, after which the operator is ready.
  static func release(_ arguments: [String]) async throws {
    let result = try await helm(arguments)
    guard result.status == 0 else { throw Failure(description: "helm: \(result.output)\(result.errors)") }
    try await operatorIsReady()
  }

  /// Tests that have a log at the same time. More of them would wait for the two processors of a small machine, and time out.
  private static let places = Turn(places: 4)

  /// A namespace of a test's own, removed when `body` has ended.
  static func withNamespace<Result>(_ name: String, _ body: (String) async throws -> Result) async throws -> Result {
    try await places.whileMine { try await withFreshNamespace(name, body) }
  }

  private static func withFreshNamespace<Result>(
    _ name: String, _ body: (String) async throws -> Result
  ) async throws -> Result {
    let namespace = "test-\(name)-\(UInt32.random(in: 0 ... .max))"
    try await kubectl("create", "namespace", namespace)
    do {
      let result = try await body(namespace)
      try await kubectl("delete", "namespace", namespace, "--wait=false")
      return result
    } catch {
      let state = try? await diagnostics(namespace)
      _ = try? await kubectl("delete", "namespace", namespace, "--wait=false")
      throw Failure(description: "\(error)\n\(state ?? "")")
    }
  }

  private static func diagnostics(_ namespace: String) async throws -> String {
    let objects = try await tryKubectl(["get", "plog,sts,pods,svc,cm,pvc,events", "-n", namespace, "-o", "wide"]).output
    let pods = try await tryKubectl(["logs", "-n", namespace, "-l", "app.kubernetes.io/name=proglog", "--tail=30"])
      .output
    let log = try await tryKubectl([
      "logs", "deployment/proglog-operator", "-n", operatorNamespace, "--tail=40",
    ]).output
    return "\(objects)\n\(pods)\n\(log)"
  }
}
