import Foundation
import TestSupport

/// Three nodes of one system on loopback, each with a directory of its own on the disk that is measured. They are
/// killed with the value.
final class ServerCluster {
  static let size = 3

  /// How a node is started, the first time and again.
  struct Node {
    var executable: String
    var arguments: [String]
    var environment: [String: String] = [:]
    /// Where its clients reach it.
    var address: String
    /// Where `grpcbench await` asks how many records it has.
    var statusAddress: String
  }

  /// As Benchmarks/Go names the calls that find this system's leader.
  private let kind: String
  private let nodes: [Node]
  private(set) var processes: [ChildProcess]

  private init(kind: String, nodes: [Node]) throws {
    self.kind = kind
    self.nodes = nodes
    processes = try nodes.map(Self.start)
  }

  private static func start(_ node: Node) throws -> ChildProcess {
    try ChildProcess(node.executable, node.arguments, environment: node.environment)
  }

  /// Starts all nodes and waits until they have a leader.
  static func started(kind: String, nodes: [Node], _ grpcGo: GRPCGo) async throws -> ServerCluster {
    let cluster = try ServerCluster(kind: kind, nodes: nodes)
    var reason = ""
    do {
      try await eventually("a leader", within: .seconds(60)) {
        guard cluster.processes.allSatisfy(\.isRunning) else { throw NeverHappened(description: "a node has ended") }
        do {
          return try await grpcGo.leader(of: cluster.target(kind: kind), within: .seconds(1))
        } catch let error as NeverHappened {
          reason = "\(error)"
          return nil
        }
      }
    } catch let error as NeverHappened {
      let errors = cluster.processes.map { $0.errors.suffix(reportedErrors) }.joined(separator: "\n")
      throw NeverHappened(
        description: "no cluster for \(kind): \(error); `make deps` installs the peers.\n\(reason)\n\(errors)")
    }
    return cluster
  }

  /// Characters of what a node said last: enough for why it ended.
  private static let reportedErrors = 2000

  /// The cluster under calls of some kind.
  func target(kind: String) -> GRPCGo.Target {
    GRPCGo.Target(
      kind: kind, addresses: nodes.map(\.address), processes: processes.filter(\.isRunning).map(\.identifier))
  }

  /// The index of the node that leads.
  func leader(_ grpcGo: GRPCGo) async throws -> Int {
    let address = try await grpcGo.leader(of: target(kind: kind), within: .seconds(60))
    guard let index = nodes.firstIndex(where: { $0.address == address }) else {
      throw NeverHappened(description: "no node is at \(address)")
    }
    return index
  }

  /// How many records a node has, once it has `least`.
  func records(of node: Int, least: Int = 0, _ grpcGo: GRPCGo) async throws -> Int {
    try await grpcGo.records(at: nodes[node].statusAddress, kind: kind, least: least)
  }

  /// Ends a node as a crash would.
  func crash(_ node: Int) async throws {
    processes[node].send(SIGKILL)
    try await processes[node].ended()
  }

  func restart(_ node: Int) throws { processes[node] = try Self.start(nodes[node]) }
}
