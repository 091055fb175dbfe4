import Foundation
import TestSupport
import Testing

extension ReplicationTests {
  /// Members that callers from other networks reach under other addresses.
  @Suite struct ClientAddressTests {
    private static func text(_ host: String) -> String {
      """
      internal: [log.default.svc, .log-headless.default.svc]
      members: {node-1: "\(host):8401", node-2: "\(host):8402"}
      """
    }

    @Test("a node answers by the name that it was called by, and takes up another file while it runs")
    func answers() async throws {
      let directory = try TemporaryDirectory()
      let file = directory.file("addresses.yaml")
      try Self.text("203.0.113.9").write(toFile: file, atomically: true, encoding: .utf8)
      try await LogdCluster.with(2, arguments: ["--client-addresses-file", file]) { cluster in
        let registered = cluster.nodes.map(\.rpcAddress)
        for node in cluster.nodes {
          for authority in ["log.default.svc:8400", "n.log-headless.default.svc", node.rpcAddress] {
            let answer = try await servers(node, calledAs: authority)
            for address in registered { #expect(answer.contains(address), "\(authority): \(answer)") }
            #expect(!answer.contains("203.0.113.9"), "\(authority): \(answer)")
          }
          let answer = try await servers(node, calledAs: "203.0.113.9:8400")
          #expect(answer.contains("203.0.113.9:8401") && answer.contains("203.0.113.9:8402"), "\(answer)")
          for address in registered { #expect(!answer.contains(address), "\(answer)") }
        }
        try await expectRedirection(cluster)
        try await expectReload(cluster, file)
      }
    }

    /// A follower names the leader as the caller reaches it, over both APIs.
    private func expectRedirection(_ cluster: LogdCluster) async throws {
      let leader = try await cluster.leader()
      let follower = cluster.others(than: leader)[0]
      let outside = "203.0.113.9:840\(cluster.number(of: leader) + 1)"
      for (authority, address) in [("lb.example:8080", outside), ("log.default.svc:8080", leader.rpcAddress)] {
        let http = try await run(
          "/usr/bin/curl",
          ["-sS", "--connect-to", "::\(follower.httpAddress)", "-d", #"{"record":{"value":"aGVsbG8K"}}"#]
            + ["http://\(authority)"])
        #expect(http.output.contains("\"rpc_addr\":\"\(address)\""), "\(http.output)\(http.errors)")
        // A record of one byte.
        let grpc = try await call("log.v1.Log/Produce", [10, 3, 10, 1, 97], follower, calledAs: authority)
        #expect(grpc.contains("ask \(leader.name) at \(address)"), "\(grpc)")
        let admin = try await call("proglog.admin.v1.Admin/RemoveMember", [10, 1, 120], follower, calledAs: authority)
        #expect(admin.contains("ask \(leader.name) at \(address)"), "\(admin)")
      }
    }

    private func expectReload(_ cluster: LogdCluster, _ file: String) async throws {
      let node = cluster.nodes[0]
      try Self.text("198.51.100.7").write(toFile: file, atomically: true, encoding: .utf8)
      // By itself, within ten seconds.
      try await eventually("the other file is in force") {
        try await servers(node, calledAs: "lb.example").contains("198.51.100.7:8401") ? () : nil
      }
      try "members: [".write(toFile: file, atomically: true, encoding: .utf8)
      node.send(SIGHUP)
      try await eventually("the broken file is told") { node.count(Self.failure) > 0 ? () : nil }
      #expect(try await servers(node, calledAs: "lb.example").contains("198.51.100.7:8401"))
      #expect(try await node.metric("proglog_client_addresses_failed_reloads_total") == 1)
      try Self.text("192.0.2.5").write(toFile: file, atomically: true, encoding: .utf8)
      node.send(SIGHUP)
      try await eventually("the third file is in force") {
        try await servers(node, calledAs: "lb.example").contains("192.0.2.5:8402") ? () : nil
      }
    }

    private static let failure = "clients' addresses not read: those in force stay"

    private func servers(_ node: ClusterNode, calledAs authority: String) async throws -> String {
      try await call("log.v1.Log/GetServers", [], node, calledAs: authority)
    }

    /// A call by curl, which lets the authority be chosen: the answer's bytes as text, with headers and trailers.
    private func call(
      _ method: String, _ message: [UInt8], _ node: ClusterNode, calledAs authority: String
    ) async throws -> String {
      let directory = try TemporaryDirectory()
      // Not compressed, and its length (gRPC over HTTP/2, "Length-Prefixed-Message").
      let framed = Data([0, 0, 0, 0, UInt8(message.count)] + message)
      try framed.write(to: URL(filePath: directory.file("request")))
      let result = try await run(
        "/usr/bin/curl",
        [
          "-sS", "-D", "-", "--http2-prior-knowledge", "--connect-to", "::\(node.rpcAddress)", "--max-time", "60",
          "-H", "content-type: application/grpc", "-H", "te: trailers", "--data-binary",
          "@\(directory.file("request"))", "--output", "-", "http://\(authority)/\(method)",
        ])
      return result.output + result.errors
    }
  }
}
