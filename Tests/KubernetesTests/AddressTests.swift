import Foundation
import TestSupport
import Testing

/// Addresses by which clients outside of the cluster reach the servers.
@Suite(.serialized, .enabled(if: Cluster.isAvailable, "\(Cluster.reason)"))
struct AddressTests {
  /// The load balancers of hack/kube take over an address that is written into a Service's status.
  private static let ownPrefix = "10.250.0."

  @Test("an address that changes reaches the servers' answers and certificates without a restart")
  func changedAddress() async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("addresses") { namespace in
      let log = try ProgLogResource(namespace: namespace)
      try await log.apply()
      try await log.converges()
      let pods = try await log.pods()
      let first = try #require(try await log.addresses()["\(log.name)-0"])
      try await isTold(first, by: first, log)

      try await log.patch(
        #"{"spec":{"access":{"overrides":[{"pod":"\#(log.name)-0","advertisedHost":"log.example.org"}]}}}"#)
      try await isTold("log.example.org:8400", by: first, log)
      try await hasName("DNS:log.example.org", first)

      try await log.patch(#"{"spec":{"access":{"overrides":[]}}}"#)
      try await isTold(first, by: first, log)
      if first.hasPrefix(Self.ownPrefix) {
        let other = "\(Self.ownPrefix)\(Int.random(in: 200...250))"
        try await moveLoadBalancer(to: other, log)
        try await hasName("IP Address:\(other)", "\(other):8400")
        try await isTold("\(other):8400", by: "\(other):8400", log)
        #expect(try await log.addresses()["\(log.name)-0"] == "\(other):8400")
      }
      #expect(try await log.pods() == pods)
    }
  }

  /// Waits until the server at an address tells clients to find it at another.
  private func isTold(_ address: String, by server: String, _ log: ProgLogResource) async throws {
    let files = try await log.credentials.flags()
    // What a pod mounts follows within about a minute.
    try await Cluster.eventually("\(server) tells of \(address)", within: .seconds(180)) { () -> Void? in
      let result = try await run(Products.path("logctl"), ["servers", "--addr", server] + files, within: .seconds(30))
      return result.output.contains(address) ? () : nil
    }
  }

  private func hasName(_ name: String, _ server: String) async throws {
    try await Cluster.eventually("\(server) shows a certificate for \(name)", within: .seconds(180)) { () -> Void? in
      try await ServerCertificate(shownAt: server)?.names.contains(name) == true ? () : nil
    }
  }

  private func moveLoadBalancer(to address: String, _ log: ProgLogResource) async throws {
    var service = try #require(try await Cluster.get("service", "\(log.name)-0", in: log.namespace))
    service["status"] = ["loadBalancer": ["ingress": [["ip": address]]]]
    let json = try JSONSerialization.data(withJSONObject: service)
    try await Cluster.kubectl(
      "replace", "--raw", "/api/v1/namespaces/\(log.namespace)/services/\(log.name)-0/status", "-f", "-",
      input: String(decoding: json, as: UTF8.self))
  }
}
