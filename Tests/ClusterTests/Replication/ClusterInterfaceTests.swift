import Foundation
import ProgLogAPI
import ProgLogClient
import TestSupport
import Testing

extension ReplicationTests {
  /// What a cluster tells its clients and its operators.
  @Suite struct ClusterInterfaceTests {
    @Test("each node names all members and the leader, sends producers there, and tells its state in metrics")
    func interfaces() async throws {
      try await LogdCluster.with(3) { cluster in
        let leader = try await cluster.leader()
        let members = cluster.nodes.map {
          "{\"address\":\"\($0.rpcAddress)\",\"id\":\"\($0.name)\",\"leader\":\($0 === leader)}"
        }
        for node in cluster.nodes {
          try await eventually("\(node.name) names the members and the leader") { () -> Void? in
            let servers = try await run(
              Products.path("logctl"), ["servers", "--addr", node.rpcAddress, "--format", "json"])
            return servers.output.split(separator: "\n").sorted() == members.map { Substring($0) }.sorted() ? () : nil
          }
          #expect(try await node.get("\(node.opsAddress)/readyz") == "ok\n\n200")
          #expect(try await node.metric("proglog_raft_is_leader") == (node === leader ? 1 : 0))
          #expect(try await node.metric("proglog_raft_has_leader") == 1)
          #expect(try await node.metric("proglog_raft_term") >= 1)
        }
        try await expectRedirection(cluster, leader)
      }
    }

    private func expectRedirection(_ cluster: LogdCluster, _ leader: ClusterNode) async throws {
      let follower = cluster.others(than: leader)[0]
      let request = ["-sS", "--max-time", "60", "-w", "%{http_code}", "-d", #"{"record":{"value":"aGVsbG8K"}}"#]
      let refused = try await run("/usr/bin/curl", request + ["http://\(follower.httpAddress)"])
      #expect(refused.output.hasSuffix("421"), "\(refused.output)")
      #expect(refused.output.contains("\"id\":\"\(leader.name)\""), "\(refused.output)")
      #expect(refused.output.contains("\"rpc_addr\":\"\(leader.rpcAddress)\""), "\(refused.output)")
      let taken = try await run("/usr/bin/curl", request + ["http://\(leader.httpAddress)"])
      #expect(taken.output == "{\"offset\":0}\n200", "\(taken.output)")
      // A follower's answer is not behind what was acknowledged.
      let read = try await follower.get("\(follower.httpAddress)/?offset=0")
      #expect(read == "{\"record\":{\"offset\":0,\"value\":\"aGVsbG8K\"}}\n\n200", "\(read)")
    }

    @Test("a node that was told of no cluster is not ready, says why, and takes no records")
    func noCluster() async throws {
      try await LogdCluster.with(0) { cluster in
        let node = cluster.makeNode()
        try await node.start([])
        try await node.awaitServing()
        let readiness = try await node.get("\(node.opsAddress)/readyz")
        #expect(readiness.contains("--bootstrap") && readiness.hasSuffix("503"), "\(readiness)")
        let refused = try await run(
          "/usr/bin/curl",
          ["-sS", "-w", "%{http_code}", "-d", #"{"record":{"value":"aGVsbG8K"}}"#, "http://\(node.httpAddress)"])
        #expect(refused.output.hasSuffix("421"), "\(refused.output)")
        #expect(try await node.metric("proglog_log_end_offset") == 0)
      }
    }

    @Test("--bootstrap on a node that has been in a cluster begins none")
    func bootstrapAgain() async throws {
      try await LogdCluster.with(2) { cluster in
        let before = try await cluster.status(of: cluster.nodes[1])
        for node in cluster.nodes { try await node.crash() }
        for node in cluster.nodes { try await node.start(["--bootstrap"]) }
        try await cluster.awaitVoters()
        for node in cluster.nodes {
          let after = try await cluster.status(of: node)
          #expect(after.clusterID == before.clusterID)
          #expect(after.members.map(\.identity) == before.members.map(\.identity))
          #expect(node.count("began a cluster") == 0)
        }
      }
    }

    @Test("two clusters stay two: a node of one that is to join the other is refused, and stays what it was")
    func otherCluster() async throws {
      try await LogdCluster.with(1) { cluster in
        try await LogdCluster.with(1, firstNumber: 7) { other in
          let (node, stranger) = (cluster.nodes[0], other.nodes[0])
          let before = try await other.status(of: stranger)
          try await stranger.crash()
          try await stranger.start(cluster.joining)
          try await stranger.awaitServing()
          try await expectRefusal(of: before, by: node)
          let after = try await other.status(of: other.leader())
          #expect(
            after.clusterID == before.clusterID && after.members.map(\.identity) == before.members.map(\.identity))
          #expect(try await cluster.status(of: node).members.map(\.identity.name) == [node.name])
        }
      }
    }

    private func expectRefusal(of stranger: NodeReport, by node: ClusterNode) async throws {
      let question = JoinQuestion(
        identity: stranger.identity, address: stranger.address, role: .voter, clusterID: stranger.clusterID,
        wasMember: true)
      let error = await #expect(throws: AdminError.self) {
        try await AdminClient(timeout: .seconds(60)).join(question, at: try NodeAddress(parsing: node.rpcAddress))
      }
      #expect(error?.description.contains("whose log is another") == true, "\(String(describing: error))")
    }
  }
}
