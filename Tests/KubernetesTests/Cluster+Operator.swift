import Foundation
import TestSupport

/// The operator under test, seen from outside.
extension Cluster {
  /// Kills the operator without a chance to finish what it does, and waits for the next one.
  static func killOperator() async throws {
    let before = try await operatorPod()
    try await kubectl("delete", "pod", before, "-n", operatorNamespace, "--grace-period=0", "--force")
    try await eventually("another operator runs", within: .seconds(120)) { () -> Void? in
      let pod = try await operatorPod()
      guard pod != before, !pod.isEmpty else { return nil }
      let ready = try await kubectl(
        "get", "pod", pod, "-n", operatorNamespace, "-o", "jsonpath={.status.containerStatuses[0].ready}")
      return ready == "true" ? () : nil
    }
  }

  private static func operatorPod() async throws -> String {
    try await kubectl(
      "get", "pods", "-n", operatorNamespace, "-l", "app.kubernetes.io/name=proglog-operator",
      "--field-selector=status.phase!=Succeeded", "-o", "jsonpath={.items[-1:].metadata.name}")
  }

  /// Waits until the operator that runs now has reconciled `count` times.
  static func operatorReconciles(_ count: Int) async throws {
    try await eventually("the operator has reconciled \(count) times") { () -> Void? in
      let address = try await kubectl(
        "get", "pod", try await operatorPod(), "-n", operatorNamespace, "-o", "jsonpath={.status.podIP}")
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
    try await eventually("\(namespace) is quiet", within: .seconds(60)) { () -> Void? in
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

  /// How many writes of the operator to a namespace the API server has served.
  static func operatorWrites(in namespace: String) throws -> Int {
    guard let auditLog, let data = FileManager.default.contents(atPath: auditLog) else { return 0 }
    let writes: Set<String> = ["create", "update", "patch", "delete", "deletecollection"]
    return data.split(separator: UInt8(ascii: "\n")).count { line in
      guard let event = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
        event["stage"] as? String == "ResponseComplete", let verb = event["verb"] as? String, writes.contains(verb),
        (event["user"] as? [String: Any])?["username"] as? String == operatorUser
      else { return false }
      return (event["objectRef"] as? [String: Any])?["namespace"] as? String == namespace
    }
  }
}
