import Foundation
import ProgLogClient
import TestSupport
import Testing

extension ReplicationTests {
  /// The client library on clusters of real processes.
  @Suite struct ClientTests {
    private static let recordsOfPhase = 200

    private func configuration(_ nodes: [ClusterNode]) throws -> ClientConfiguration {
      var configuration = ClientConfiguration(seeds: try nodes.map { try NodeAddress(parsing: $0.rpcAddress) })
      // For a debug build on a busy machine.
      configuration.timeout = .seconds(60)
      return configuration
    }

    /// How many consumers have begun at each node.
    private func streams(_ nodes: [ClusterNode]) async throws -> [Int] {
      var counts: [Int] = []
      for node in nodes {
        counts.append(
          try await node.metric(
            "grpc_server_started_total{grpc_method=\"ConsumeStream\",grpc_service=\"log.v1.Log\"}"))
      }
      return counts
    }

    @Test("consumers spread over the followers; when the leader dies or hangs, all go on by themselves")
    func faults() async throws {
      try await LogdCluster.with(3) { cluster in
        // The one that is known knows the others.
        try await ProgLogClient.withClient(try configuration([cluster.nodes[0]])) { client in
          let load = ClientLoad(client)
          try await load.run(producers: 2, consumers: 4) {
            try await load.acknowledges(more: Self.recordsOfPhase)
            try await expectShares(cluster)
            let began = ContinuousClock.now
            let killed = try await cluster.leader()
            try await killed.crash()
            try await load.acknowledges(more: Self.recordsOfPhase)
            print("the leader was killed: \(Self.recordsOfPhase) records more after \(ContinuousClock.now - began)")
            try await cluster.restart(killed)
            try await load.acknowledges(more: Self.recordsOfPhase)
            try await hang(cluster, load)
          }
          print("\(load.acknowledgedCount) records acknowledged, each seen once and in order by 4 consumers")
        }
      }
    }

    private func expectShares(_ cluster: LogdCluster) async throws {
      let leader = try await cluster.leader()
      let followers = cluster.others(than: leader)
      let shares = try await eventually("the consumers have begun") {
        let shares = try await streams(followers)
        return shares.reduce(0, +) >= 4 ? shares : nil
      }
      let atLeader = try await streams([leader])
      print("consumers at the followers: \(shares), at the leader: \(atLeader)")
      #expect(shares.allSatisfy { $0 >= 1 })
      #expect(atLeader == [0])
    }

    private func hang(_ cluster: LogdCluster, _ load: ClientLoad) async throws {
      let began = ContinuousClock.now
      let stopped = try await cluster.leader()
      stopped.send(SIGSTOP)
      do {
        _ = try await cluster.leader(among: cluster.others(than: stopped))
        try await load.acknowledges(more: Self.recordsOfPhase)
        print("the leader was stopped: \(Self.recordsOfPhase) records more after \(ContinuousClock.now - began)")
      } catch {
        stopped.send(SIGCONT)
        throw error
      }
      stopped.send(SIGCONT)
      try await load.acknowledges(more: Self.recordsOfPhase)
    }

    @Test("a node that is added is found and read from")
    func growth() async throws {
      try await LogdCluster.with(2) { cluster in
        var configuration = try configuration([cluster.nodes[0]])
        configuration.refreshInterval = .milliseconds(200)
        try await ProgLogClient.withClient(configuration) { client in
          _ = try await client.produce(Array("a".utf8))
          let node = cluster.makeNode()
          try await cluster.restart(node)
          try await cluster.awaitJoined(node)
          try await eventually("\(node.name) is read from") { () -> Void? in
            for try await _ in client.consume(from: .offset(0), follow: true, limit: 1) {}
            return try await streams([node])[0] > 0 ? () : nil
          }
        }
      }
    }

    @Test("a call that is made before any server runs waits for one, or says for what it has waited")
    func early() async throws {
      try await LogdCluster.with(0) { cluster in
        let node = cluster.makeNode()
        var hasty = try configuration([node])
        hasty.timeout = .seconds(1)
        try await ProgLogClient.withClient(hasty) { client in
          let error = await #expect(throws: ProgLogError.self) { try await client.produce(Array("a".utf8)) }
          let text = error?.description ?? "no error"
          #expect(text.contains("a server of the cluster to answer at \(node.rpcAddress)"), "\(text)")
          #expect(text.contains("connection refused"), "\(text)")
          print(text)
        }
        try await ProgLogClient.withClient(try configuration([node])) { client in
          async let offset = client.produce(Array("a".utf8))
          try await node.start(["--bootstrap"])
          let first = try await offset
          #expect(first == 0)
          let record = try await client.consume(at: 0)
          #expect(record.value == Array("a".utf8))
        }
      }
    }
  }
}
