import Foundation
import TestSupport
import Testing

extension ReplicationTests {
  /// Appends and reads of concurrent clients, at any replica, checked by a program that shares no code with the server.
  @Suite(.enabled(if: GoProgram.isBuildable, "\(GoProgram.requirement)"))
  struct LinearizabilityTests {
    private static let rounds = ReplicationTests.rounds.map { max(1, $0 / 10) } ?? 1
    /// Calls that have an answer before the next thing happens.
    private static let callsOfPhase = 200

    @Test("appends and reads are those of one log, while leaders die and stop for a while", .timeLimit(.minutes(60)))
    func faults() async throws {
      let directory = try TemporaryDirectory()
      let history = directory.file("history")
      try await LogdCluster.with(3) { cluster in
        let clients = try await startClients(cluster, history)
        for _ in 0..<Self.rounds {
          try await clients.makeCalls(Self.callsOfPhase)
          let dead = try await cluster.leader()
          try await dead.crash()
          let paused = try await cluster.leader(among: cluster.others(than: dead))
          try await clients.makeCalls(Self.callsOfPhase)
          try await cluster.restart(dead)
          // A quorum without the paused one must know each other again.
          try await cluster.awaitVoters()
          paused.send(SIGSTOP)
          _ = try await cluster.leader(among: cluster.others(than: paused))
          try await clients.makeCalls(Self.callsOfPhase)
          // It believes still that it leads.
          paused.send(SIGCONT)
        }
        try await clients.makeCalls(Self.callsOfPhase)
        try await clients.stop()
        try await ClientPlace.loopback.expectKept(["check", "--history", history], "linearizability")
      }
    }

    @Test(
      "appends and reads are those of one log, while a leader is cut off that clients still reach",
      .enabled(if: NetworkNamespaces.isAvailable, "\(NetworkNamespaces.requirement)"), .timeLimit(.minutes(60)))
    func partitions() async throws {
      let directory = try TemporaryDirectory()
      let history = directory.file("history")
      try await NetworkNamespaces.with(4) { network in
        let place = ClientPlace.network(network, host: 3)
        try await LogdCluster.with(3, in: network) { cluster in
          let clients = try await startClients(cluster, history, at: place)
          for _ in 0..<Self.rounds {
            try await clients.makeCalls(Self.callsOfPhase)
            let leader = try await cluster.leader()
            let others = cluster.others(than: leader)
            for other in others { try await network.cut(cluster.number(of: leader), cluster.number(of: other)) }
            _ = try await cluster.leader(among: others)
            try await clients.makeCalls(Self.callsOfPhase)
            try await network.heal()
          }
          try await clients.makeCalls(Self.callsOfPhase)
          try await clients.stop()
          try await place.expectKept(["check", "--history", history], "linearizability")
        }
      }
    }

    @Test("a server that says where its log ends without asking the leader is found out")
    func plantedStaleRead() async throws {
      let directory = try TemporaryDirectory()
      let history = directory.file("history")
      try await LogdCluster.with(3, environment: ["PROGLOG_PLANTED_BUG": "staleReads"]) { cluster in
        let clients = try await startClients(cluster, history)
        try await clients.makeCalls(Self.callsOfPhase)
        let leader = try await cluster.leader()
        let follower = cluster.others(than: leader)[0]
        follower.send(SIGSTOP)
        try await clients.makeCalls(Self.callsOfPhase)
        // What waits in its sockets is read by clients as soon as from the leader.
        follower.send(SIGCONT)
        try await clients.makeCalls(Self.callsOfPhase)
        try await clients.stop()
        let checked = try await ClusterClient.run(["check", "--history", history])
        #expect(checked.status == 1, "\(checked.output)\(checked.errors)")
        #expect(checked.output.contains("\"event\":\"violation\""))
      }
    }

    private struct Clients {
      let child: ChildProcess

      private struct Line: Decodable {
        var calls: [String: Int]

        /// Appends that were acknowledged, and reads that were answered.
        var answered: Int { calls.filter { $0.key.hasSuffix(" ok") || $0.key.hasSuffix(" end") }.values.reduce(0, +) }
      }

      private var answered: Int {
        let last = child.output.split(separator: "\n").last.map { Data($0.utf8) }
        return last.flatMap { try? JSONDecoder().decode(Line.self, from: $0).answered } ?? 0
      }

      func makeCalls(_ count: Int) async throws {
        let wanted = answered + count
        try await eventually("\(wanted) calls are answered") { () -> Void? in
          guard child.isRunning else {
            throw NeverHappened(description: "clients ended: \(child.output)\(child.errors)")
          }
          return answered >= wanted ? () : nil
        }
      }

      func stop() async throws {
        child.send(SIGTERM)
        guard try await child.ended() == 0 else {
          throw NeverHappened(description: "the history was not written: \(child.output)\(child.errors)")
        }
      }
    }

    private func startClients(
      _ cluster: LogdCluster, _ history: String, at place: ClientPlace = .loopback
    ) async throws -> Clients {
      Clients(
        child: try await place.start([
          "linearize", "--addrs", cluster.addresses, "--history", history, "--call-timeout", "500ms",
          "--progress-interval", "50ms",
        ]))
    }
  }
}
