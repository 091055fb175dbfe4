import Foundation
import TestSupport

/// One ProgLog of a test.
struct ProgLogResource {
  var namespace: String
  var name = "log"

  func apply(spec: [String: Any] = [:]) async throws {
    let object: [String: Any] = [
      "apiVersion": "proglog.io/v1alpha1", "kind": "ProgLog", "metadata": ["name": name, "namespace": namespace],
      "spec": spec,
    ]
    let json = try JSONSerialization.data(withJSONObject: object)
    try await Cluster.kubectl("apply", "-f", "-", input: String(decoding: json, as: UTF8.self))
  }

  func patch(_ patch: String) async throws {
    try await Cluster.kubectl("patch", "plog", name, "-n", namespace, "--type=merge", "-p", patch)
  }

  /// Waits until the operator has seen the newest spec and says that it is Ready.
  func becomesReady(within limit: Duration = .seconds(120)) async throws {
    try await eventually("\(name) is Ready", within: limit) { () -> Void? in
      guard let object = try await Cluster.get("plog", name, in: namespace),
        let metadata = object["metadata"] as? [String: Any], let status = object["status"] as? [String: Any],
        status["observedGeneration"] as? Int == metadata["generation"] as? Int
      else { return nil }
      return condition("Ready", of: status)?["status"] as? String == "True" ? () : nil
    }
  }

  func condition(_ type: String, of status: [String: Any]) -> [String: Any]? {
    (status["conditions"] as? [[String: Any]])?.first { $0["type"] as? String == type }
  }

  /// The address that the load balancer gave the first pod.
  func loadBalancerAddress() async throws -> String {
    try await eventually("the Service of \(name)-0 has an address") { () -> String? in
      let service = try await Cluster.get("service", "\(name)-0", in: namespace)
      let status = service?["status"] as? [String: Any]
      let balancer = status?["loadBalancer"] as? [String: Any]
      return (balancer?["ingress"] as? [[String: Any]])?.first?["ip"] as? String
    }
  }

  func podUID() async throws -> String? {
    let pod = try await Cluster.get("pod", "\(name)-0", in: namespace)
    return (pod?["metadata"] as? [String: Any])?["uid"] as? String
  }

  /// Appends records through the pod's load balancer.
  func produce(_ values: [String]) async throws {
    let address = try await loadBalancerAddress()
    try await eventually("records are taken") { () -> Void? in
      let result = try await run(Products.path("logctl"), ["produce", "--addr", "\(address):8400"] + values)
      return result.status == 0 ? () : nil
    }
  }

  /// Every record, read through the pod's load balancer.
  func consume(_ count: Int) async throws -> [String] {
    let address = try await loadBalancerAddress()
    let output = try await eventually("\(count) records are read") { () -> String? in
      let result = try await run(
        Products.path("logctl"),
        ["consume", "--addr", "\(address):8400", "--from", "0", "--limit", "\(count)", "--format", "text"])
      return result.status == 0 ? result.output : nil
    }
    return output.split(separator: "\n").map(String.init)
  }
}
