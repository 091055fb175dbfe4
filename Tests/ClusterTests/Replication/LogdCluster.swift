import Foundation
import Synchronization
import TestSupport

/// A cluster of real processes.
final class LogdCluster: Sendable {
  private let directory: TemporaryDirectory
  private let network: NetworkNamespaces?
  private let arguments: [String]
  private let environment: [String: String]
  private let security: ClusterSecurity?
  private let firstNumber: Int
  private let all = Mutex<[ClusterNode]>([])

  /// All nodes that were ever started, in the order of their numbers.
  var nodes: [ClusterNode] { all.withLock { $0 } }
  var addresses: String { nodes.map(\.rpcAddress).joined(separator: ",") }

  private init(
    network: NetworkNamespaces?, arguments: [String], environment: [String: String], security: ClusterSecurity?,
    firstNumber: Int
  ) throws {
    directory = try TemporaryDirectory()
    self.network = network
    self.arguments = arguments
    self.environment = environment
    self.security = security
    self.firstNumber = firstNumber
  }

  /// Makes a cluster for as long as `body` runs. An error of `body` is thrown with what the nodes have logged.
  ///
  /// - Parameters:
  ///   - network: where they run, node 0 on host 0; nil: on loopback.
  ///   - directories: where nodes keep their data, if not in a directory of the test's.
  ///   - arguments: of every node, as the environment.
  ///   - security: nil: plaintext, and who joins is given the RPC addresses of the others. Else all is protected, and who joins
  ///     knows one node's gossip.
  ///   - firstNumber: in the nodes' names.
  static func with<Result>(
    _ count: Int, in network: NetworkNamespaces? = nil, directories: [Int: String] = [:], arguments: [String] = [],
    environment: [String: String] = [:], security: ClusterSecurity? = nil, firstNumber: Int = 1,
    _ body: (LogdCluster) async throws -> Result
  ) async throws -> Result {
    let cluster = try LogdCluster(
      network: network, arguments: arguments, environment: environment, security: security, firstNumber: firstNumber)
    do {
      for number in 0..<count {
        let node = cluster.makeNode(directory: directories[number])
        try await node.start(number == 0 ? ["--bootstrap"] : cluster.joining)
      }
      for node in cluster.nodes { try await node.awaitServing() }
      try await cluster.awaitVoters()
      let result = try await body(cluster)
      try await cluster.end()
      return result
    } catch {
      throw NeverHappened(description: "\(error)\n\(cluster.story)")
    }
  }

  /// Makes one more, and does not start it.
  func makeNode(directory: String? = nil) -> ClusterNode {
    all.withLock { nodes in
      let number = nodes.count
      let name = "node-\(firstNumber + number)"
      let node = ClusterNode(
        name: name, place: network.map { .network($0, host: number) } ?? .loopback,
        dataDirectory: directory ?? self.directory.file(name), arguments: arguments, environment: environment,
        security: security)
      nodes.append(node)
      return node
    }
  }

  /// How a node that was in no cluster finds this one.
  var joining: [String] {
    let addresses = security == nil ? nodes.map(\.rpcAddress) : nodes.prefix(1).map(\.gossipAddress)
    return ["--start-join-addrs", addresses.joined(separator: ",")]
  }

  /// Starts a node again: in its cluster, or with a data directory that was emptied, as one to join it.
  func restart(_ node: ClusterNode) async throws {
    try await node.start(joining)
    try await node.awaitServing()
  }

  /// The first is node 0.
  func number(of node: ClusterNode) -> Int {
    guard let number = nodes.firstIndex(where: { $0 === node }) else {
      preconditionFailure("\(node.name) is of another cluster")
    }
    return number
  }

  func others(than node: ClusterNode) -> [ClusterNode] { nodes.filter { $0 !== node } }

  // MARK: What it comes to

  /// Waits until all nodes that run know that they, and no others, vote.
  func awaitVoters() async throws {
    let running = nodes.filter(\.isRunning)
    let names = Set(running.map(\.name))
    for node in running {
      try await eventually("\(node.name) knows of the voters \(names.sorted())") { () -> Void? in
        let members = node.members
        return members.names == names && members.allVote ? () : nil
      }
    }
  }

  /// The one among some nodes, or all, who leads in the latest term.
  func leader(among candidates: [ClusterNode]? = nil) async throws -> ClusterNode {
    try await eventually("somebody leads") {
      let running = (candidates ?? nodes).filter(\.isRunning).map { ($0, $0.role) }
      guard let latest = running.compactMap(\.1?.term).max() else { return nil }
      return running.first { $0.1 == ClusterNode.Role(name: "leader", term: latest) }?.0
    }
  }

  /// What all nodes have logged.
  var story: String { nodes.map(\.story).joined(separator: "\n") }

  /// A graceful stop of all, for what a crash would not show.
  private func end() async throws {
    for node in nodes where node.isRunning {
      guard try await node.stop() == 0 else { throw NeverHappened(description: "\(node.name) did not end well") }
    }
  }
}
