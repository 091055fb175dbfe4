import Foundation
import ProgLogClient
import TestSupport
import Testing

/// Clusters of real processes with certificates, rules and encrypted gossip, which find themselves.
@Suite(.enabled(if: GoProgram.isBuildable, "\(GoProgram.requirement)"))
struct SecureClusterTests {
  private static let recordsOfPhase = 100

  /// A client that follows the log on all replicas, and one that produces.
  private struct Traffic {
    let cluster: LogdCluster
    let directory: TemporaryDirectory
    let tls: TLSPaths
    let load: ClusterLoad
    let tail: ChildProcess

    init(_ cluster: LogdCluster, _ tls: TLSPaths) async throws {
      self.cluster = cluster
      self.tls = tls
      directory = try TemporaryDirectory()
      tail = try await ClientPlace.loopback.start(
        ["consume", "--addrs", cluster.addresses, "--seen", directory.file("seen")] + tls.flags)
      load = try await ClusterLoad.produce(
        cluster, history: directory.file("history"), place: .loopback, tls: tls)
    }

    /// Ends both and compares every replica with what they were told.
    func end() async throws {
      let totals = try await load.stop()
      #expect(totals.failedCalls == 0, "\(totals.failedByKind ?? [:])")
      tail.send(SIGTERM)
      #expect(try await tail.ended() == 0, "\(tail.output)\(tail.errors)")
      try await ClientPlace.loopback.expectKept(
        [
          "verify", "--addrs", cluster.addresses, "--history", directory.file("history"), "--seen",
          directory.file("seen"),
        ] + tls.flags, "at the end")
    }
  }

  @Test(
    "three nodes with a seed become a cluster; one restarts, one dies for good and is replaced, and the records stay")
  func findThemselves() async throws {
    let security = try await ClusterSecurity()
    let root = try await security.authority.issueClient("root")
    try await LogdCluster.with(3, security: security) { cluster in
      let traffic = try await Traffic(cluster, root)
      try await traffic.load.acknowledges(more: Self.recordsOfPhase)

      let restarted = cluster.nodes[1]
      #expect(try await restarted.stop() == 0)
      try await traffic.load.acknowledges(more: Self.recordsOfPhase)
      // It knows its members by itself; nobody has forgotten it.
      try await restarted.start([])
      try await restarted.awaitServing()
      try await traffic.load.acknowledges(more: Self.recordsOfPhase)

      let dead = cluster.nodes[2]
      try await dead.crash()
      try await traffic.load.acknowledges(more: Self.recordsOfPhase)
      try await expectMember(dead, of: cluster)
      try FileManager.default.removeItem(atPath: dead.dataDirectory)
      try await cluster.restart(dead)
      try await cluster.awaitVoters()
      try await traffic.load.acknowledges(more: Self.recordsOfPhase)
      try await traffic.end()
    }
  }

  /// A node that failed is still a member: nobody removes it because it is not there.
  private func expectMember(_ node: ClusterNode, of cluster: LogdCluster) async throws {
    let leader = try await cluster.leader()
    try await eventually("\(leader.name) sees in gossip that \(node.name) failed") {
      leader.count("member failed") > 0 ? () : nil
    }
    #expect(leader.members.names.contains(node.name))
  }

  @Test("certificates are renewed, and the authority's key is changed, under load: no call fails, no connection ends")
  func renewal() async throws {
    let security = try await ClusterSecurity()
    let root = try await security.authority.issueClient("root")
    let admin = try await security.authority.issueAdmin("admin")
    try await LogdCluster.with(3, security: security) { cluster in
      let traffic = try await Traffic(cluster, root)
      try await traffic.load.acknowledges(more: Self.recordsOfPhase)
      let first = try await tlsReport(of: cluster.nodes[0], to: admin)
      let before = try await connections(cluster)
      // Two lanes between any two nodes, each way; each end is listed. And the clients'.
      #expect(before.count >= 24)
      for stage in [["renew", "--force"], ["roll", "start"], ["roll", "switch"], ["renew"], ["roll", "finish"]] {
        try await renew(security, cluster, stage)
        try await traffic.load.acknowledges(more: Self.recordsOfPhase)
      }
      #expect(try await before.subtracting(connections(cluster)) == [])
      for node in cluster.nodes { #expect(node.count("a member refuses to talk") == 0) }
      let last = try await tlsReport(of: cluster.nodes[0], to: admin)
      #expect(last.serverCertificate != first.serverCertificate && last.peerCertificate != first.peerCertificate)
      #expect(first.serverAuthorities.count == 1 && last.serverAuthorities.count == 1)
      #expect(last.serverAuthorities != first.serverAuthorities)
      #expect(last.peerAuthorities == last.serverAuthorities)

      // What the old authority signed is worth nothing now, and new connections between nodes come about.
      let restarted = try await cluster.leader()
      #expect(try await restarted.stop() == 0)
      try await restarted.start([])
      try await restarted.awaitServing()
      try await traffic.load.acknowledges(more: Self.recordsOfPhase)
      try await traffic.end()
    }
  }

  /// What a node says of its certificates to an administrator who has them in memory, and knows the node by another name than
  /// its address.
  private func tlsReport(of node: ClusterNode, to admin: TLSPaths) async throws -> NodeTLSReport {
    let contents = TLSContents(
      authorities: try text(admin.authorities), certificate: try text(admin.certificate),
      privateKey: try text(admin.key), serverName: "localhost")
    let client = AdminClient(timeout: .seconds(30), security: .contents(contents))
    let report = try await client.status(of: try NodeAddress(parsing: node.rpcAddress))
    let tls = try #require(report.tls)
    for fingerprint in [tls.serverCertificate, tls.peerCertificate] + tls.serverAuthorities {
      #expect(fingerprint.count == 64 && fingerprint.allSatisfy { "0123456789abcdef".contains($0) })
    }
    return tls
  }

  private func text(_ file: String) throws -> String { try String(contentsOfFile: file, encoding: .utf8) }

  /// A step of the roll, and then every node takes up what has changed: one set of files for clients, and one for nodes.
  private func renew(_ security: ClusterSecurity, _ cluster: LogdCluster, _ arguments: [String]) async throws {
    let before = cluster.nodes.map { $0.count("certificates replaced: new connections use them") }
    try await security.authority.run(arguments)
    // The switch changes only who signs from then on.
    guard arguments != ["roll", "switch"] else { return }
    for node in cluster.nodes { node.send(SIGHUP) }
    for (node, count) in zip(cluster.nodes, before) {
      try await eventually("\(node.name) has taken up what '\(arguments.joined(separator: " "))' made everywhere") {
        node.count("certificates replaced: new connections use them") >= count + 2 ? () : nil
      }
    }
  }

  /// The open connections of nodes and clients, each by both of its ends.
  private func connections(_ cluster: LogdCluster) async throws -> Set<Substring> {
    let listed = try await run("/usr/bin/ss", ["-tnH", "state", "established"])
    try #require(listed.status == 0, "\(listed.errors)")
    let lines = listed.output.split(separator: "\n").filter { line in
      cluster.nodes.contains { line.contains($0.rpcAddress) }
    }
    return Set(
      lines.map { $0.split(separator: " ", omittingEmptySubsequences: true).suffix(2).joined(separator: "-")[...] })
  }
}
