import ProgLogClient
import TestSupport

/// Administration of a cluster on loopback.
extension LogdCluster {
  /// For an administrator, who asks again when leadership has moved or a change was under way.
  private static let patience = Duration.seconds(60)

  private func call<Result>(_ body: (AdminClient, NodeAddress) async throws -> Result) async throws -> Result {
    let seeds = try nodes.filter(\.isRunning).map { try NodeAddress(parsing: $0.rpcAddress) }
    return try await LeaderCall(seeds: seeds, timeout: Self.patience)(body)
  }

  func status(of node: ClusterNode) async throws -> NodeReport {
    try await AdminClient(timeout: Self.patience).status(of: try NodeAddress(parsing: node.rpcAddress))
  }

  /// - Parameter node: nil: whoever is most caught up.
  func transferLeadership(to node: ClusterNode?) async throws {
    _ = try await call { try await $0.transferLeadership(to: node?.name, at: $1) }
    if let node { _ = try await eventually("\(node.name) leads") { try await leader() === node ? true : nil } }
  }

  /// Waits until a node is a voter, in the life that it has now.
  func awaitJoined(_ node: ClusterNode) async throws {
    try await eventually("\(node.name) votes") { () -> Void? in
      guard let own = try? await status(of: node), let report = try? await status(of: leader()) else { return nil }
      return report.members.contains { $0.identity == own.identity && $0.role == .voter } ? () : nil
    }
  }

  func remove(_ node: ClusterNode) async throws {
    _ = try await call { try await $0.remove(node.name, at: $1) }
  }
}
