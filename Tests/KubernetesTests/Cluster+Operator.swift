import Foundation
import TestSupport

/// The operator under test, seen from outside.
extension Cluster {
  /// Held by who stops, kills or replaces the operator: it would spoil another test that does the same.
  static let operatorTurn = Turn()

  /// The operator's name as the kernel knows it: 15 letters.
  static let operatorProgram = "proglog-operato"
  private static let selector = "app.kubernetes.io/name=proglog-operator"

  /// The pod that holds the Lease.
  static func leadingPod() async throws -> String {
    try await Cluster.eventually("an operator leads", within: .seconds(60)) { () -> String? in
      let holder = try await kubectl(
        "get", "lease", "proglog-operator", "-n", operatorNamespace, "-o", "jsonpath={.spec.holderIdentity}")
      let pods = try await kubectl(
        "get", "pods", "-n", operatorNamespace, "-l", selector, "-o", "jsonpath={.items[*].metadata.name}")
      // The identity is the pod's name, `_` and what tells its processes apart.
      return holder.split(separator: "_").first.map(String.init).flatMap { pods.contains($0) ? $0 : nil }
    }
  }

  static func address(ofOperator pod: String) async throws -> String {
    try await kubectl("get", "pod", pod, "-n", operatorNamespace, "-o", "jsonpath={.status.podIP}")
  }

  /// Kills the operator that leads, without a chance to finish what it does.
  /// - Returns: the pod whose process it was.
  @discardableResult
  static func killOperator() async throws -> String {
    let pod = try await leadingPod()
    if let process = try await HostProcess.identifier(
      pod: pod, in: operatorNamespace, program: operatorProgram)
    {
      kill(process, SIGKILL)
    } else {
      try await kubectl("delete", "pod", pod, "-n", operatorNamespace, "--grace-period=0", "--force")
    }
    return pod
  }

  /// Waits until all pods of the operator are ready.
  static func operatorIsReady() async throws {
    try await kubectl("rollout", "status", "deployment/proglog-operator", "-n", operatorNamespace, "--timeout=120s")
  }

  /// Waits until the operator that leads now has reconciled `count` times.
  static func operatorReconciles(_ count: Int) async throws {
    try await Cluster.eventually("the operator has reconciled \(count) times") { () -> Void? in
      let address = try await address(ofOperator: try await leadingPod())
      let metrics = try await run("/usr/bin/env", ["curl", "-sS", "--max-time", "5", "http://\(address):8081/metrics"])
      let total = metrics.output.split(separator: "\n")
        .filter { $0.hasPrefix("controller_runtime_reconcile_total") && $0.contains("success") }
        .compactMap { Double($0.split(separator: " ").last ?? "") }
        .reduce(0, +)
      return total >= Double(count) ? () : nil
    }
  }

  /// Waits until nothing in the namespace has changed for two seconds: controllers work in bursts that are shorter.
  static func settled(_ namespace: String) async throws {
    var last = ""
    var since = ContinuousClock.now
    try await Cluster.eventually("\(namespace) is quiet", within: .seconds(60)) { () -> Void? in
      let versions = try await kubectl(
        "get", "plog,sts,pods,svc,cm,pvc", "-n", namespace, "-o",
        "jsonpath={range .items[*]}{.metadata.uid}={.metadata.resourceVersion} {end}")
      if versions != last {
        last = versions
        since = .now
      }
      return since.duration(to: .now) > .seconds(2) ? () : nil
    }
  }
}
