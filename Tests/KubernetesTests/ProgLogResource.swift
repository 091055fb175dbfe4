import Foundation
import TestSupport

/// One ProgLog of a test: in TLS, with a user.
struct ProgLogResource {
  static let user = "tester"

  var namespace: String
  var name = "log"
  /// Where the user's certificate lies.
  let credentials: UserCredentials

  init(namespace: String, name: String = "log") throws {
    self.namespace = namespace
    self.name = name
    credentials = try UserCredentials(namespace: namespace, secret: "\(name)-user-\(Self.user)")
  }

  /// Applies a ProgLog of one server, unless `spec` says otherwise, whose user may do what users may.
  func apply(spec: [String: Any] = [:]) async throws {
    let defaults: [String: Any] = ["replicas": 1, "users": [["name": Self.user]]]
    let object: [String: Any] = [
      "apiVersion": "proglog.io/v1alpha1", "kind": "ProgLog", "metadata": ["name": name, "namespace": namespace],
      "spec": defaults.merging(spec) { _, new in new },
    ]
    let json = try JSONSerialization.data(withJSONObject: object)
    try await Cluster.kubectl("apply", "-f", "-", input: String(decoding: json, as: UTF8.self))
  }

  func patch(_ patch: String) async throws {
    try await Cluster.kubectl("patch", "plog", name, "-n", namespace, "--type=merge", "-p", patch)
  }

  /// Waits until the operator has seen the newest spec and has nothing left to do for it.
  func converges(within limit: Duration = .seconds(300)) async throws {
    try await becomes("converged", within: limit) { status in
      condition("Ready", of: status)?["status"] as? String == "True"
        && condition("Progressing", of: status)?["status"] as? String == "False"
    }
  }

  /// Waits until the operator has seen the newest spec and says that it is Ready.
  func becomesReady(within limit: Duration = .seconds(300)) async throws {
    try await becomes("Ready", within: limit) { condition("Ready", of: $0)?["status"] as? String == "True" }
  }

  private func becomes(
    _ what: String, within limit: Duration, _ isSo: ([String: Any]) -> Bool
  ) async throws {
    try await Cluster.eventually("\(name) is \(what)", within: limit) { () -> Void? in
      guard let object = try await Cluster.get("plog", name, in: namespace),
        let metadata = object["metadata"] as? [String: Any], let status = object["status"] as? [String: Any],
        status["observedGeneration"] as? Int == metadata["generation"] as? Int
      else { return nil }
      return isSo(status) ? () : nil
    }
  }

  func status() async throws -> [String: Any] {
    try await Cluster.get("plog", name, in: namespace)?["status"] as? [String: Any] ?? [:]
  }

  func condition(_ type: String, of status: [String: Any]) -> [String: Any]? {
    (status["conditions"] as? [[String: Any]])?.first { $0["type"] as? String == type }
  }

  /// Waits for a condition with a reason; its message.
  @discardableResult
  func hasCondition(_ type: String, reason: String, within limit: Duration = .seconds(180)) async throws -> String {
    try await Cluster.eventually("\(name) is \(type) because of \(reason)", within: limit) { () -> String? in
      let condition = condition(type, of: try await status())
      return condition?["reason"] as? String == reason ? condition?["message"] as? String : nil
    }
  }

  /// Where clients reach the servers, by pod, as the status tells them.
  func addresses() async throws -> [String: String] {
    let members = try await status()["members"] as? [[String: Any]] ?? []
    return members.reduce(into: [:]) { result, member in
      guard let name = member["name"] as? String, let address = member["address"] as? String else { return }
      result[name] = address
    }
  }

  func leader() async throws -> String {
    try await Cluster.eventually("\(name) has a leader") { try await status()["leader"] as? String }
  }

  /// The pods that stay, by name, each as its uid and how often its container was restarted.
  func pods() async throws -> [String: String] {
    let text = try await Cluster.kubectl(
      "get", "pods", "-n", namespace, "-l", "app.kubernetes.io/instance=\(name)", "-o",
      "jsonpath={range .items[*]}{.metadata.name},{.metadata.deletionTimestamp},{.metadata.uid}/"
        + "{.status.containerStatuses[0].restartCount} {end}")
    return text.split(separator: " ").reduce(into: [:]) { result, pod in
      let parts = pod.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      if parts.count == 3, parts[1].isEmpty { result[parts[0]] = parts[2] }
    }
  }

  func podUID() async throws -> String? {
    let pod = try await Cluster.get("pod", "\(name)-0", in: namespace)
    return (pod?["metadata"] as? [String: Any])?["uid"] as? String
  }

  /// Appends records through the load balancers, whose servers must show the right certificates.
  func produce(_ values: [String]) async throws {
    let flags = try await clientFlags()
    try await Cluster.eventually("records are taken") { () -> Void? in
      let result = try await run(Products.path("logctl"), ["produce"] + flags + values)
      return result.status == 0 ? () : nil
    }
  }

  /// The first records, read through the load balancers.
  func consume(_ count: Int) async throws -> [String] {
    let flags = try await clientFlags()
    let output = try await Cluster.eventually("\(count) records are read") { () -> String? in
      let result = try await run(
        Products.path("logctl"), ["consume", "--from", "0", "--limit", "\(count)", "--format", "text"] + flags)
      return result.status == 0 ? result.output : nil
    }
    return output.split(separator: "\n").map(String.init)
  }

  /// For logctl.
  func clientFlags() async throws -> [String] {
    let addresses = try await Cluster.eventually("\(name)-0 has an address") { () -> String? in
      let addresses = try await self.addresses()
      return addresses["\(name)-0"] == nil ? nil : addresses.values.sorted().joined(separator: ",")
    }
    return ["--addr", addresses] + (try await credentials.flags())
  }
}
