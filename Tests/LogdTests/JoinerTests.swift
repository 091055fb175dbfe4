import CommitLog
import Logging
import NIOCore
import ProgLogClient
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import Logd
@testable import Raft

/// A node that asks to become a member, against nodes on real connections.
@Suite(.timeLimit(.minutes(1))) struct JoinerTests {
  /// Runs a joiner until `body` is through, then stops it.
  private func joining(
    _ node: FakeNode, to addresses: [NodeAddress], role: Member.Role = .voter, _ body: (LogLines) async throws -> Void
  ) async throws {
    let lines = LogLines()
    let joiner = Joiner(control: node, addresses: addresses, role: role, logger: lines.logger)
    let group = ServiceGroup(
      configuration: .init(
        services: [joiner], logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      try await body(lines)
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }

  @Test(
    "a new node becomes a voter, by way of a node that is not there, one that is in no cluster and one that follows")
  func joins() async throws {
    try await FakeCluster.with { cluster in
      let members = try await cluster.start(leader: "a", voters: ["b"])
      let stranger = try await cluster.start("x")
      let node = try await cluster.start("c")
      cluster.update { $0.refusals = [nil, .notCaughtUp(NodeID("c"), missing: 9), .changeInProgress] }
      let seeds = [try NodeAddress(parsing: "127.0.0.1:1"), try stranger.seed, try members[1].seed]
      try await joining(node, to: seeds) { lines in
        try await eventually("c is a voter") { cluster.state.configuration?.isVoter(node.peer) == true ? () : nil }
        try await eventually("the log says so") { lines.has("member of the cluster") ? () : nil }
        #expect(lines.has("joining the cluster: not yet"))
      }
      #expect(
        cluster.state.changes == [.addLearner(node.peer, address: node.address), .promote(NodeID("c"))])
    }
  }

  @Test("a wiped node takes the place of its earlier life")
  func wiped() async throws {
    try await FakeCluster.with { cluster in
      let leader = try await cluster.start(leader: "a", voters: ["b", "c"])[0]
      let node = try await cluster.start("c", incarnation: 2)
      cluster.update { $0.absent = ["c"] }
      try await joining(node, to: [leader.seed]) { _ in
        try await eventually("c is a voter") { cluster.state.configuration?.isVoter(node.peer) == true ? () : nil }
      }
      #expect(
        cluster.state.changes
          == [.remove(NodeID("c")), .addLearner(node.peer, address: node.address), .promote(NodeID("c"))])
    }
  }

  @Test("a member that is what it wants to be asks nothing")
  func member() async throws {
    try await FakeCluster.with { cluster in
      let members = try await cluster.start(leader: "a", voters: ["b"], learners: ["c"])
      for node in members {
        try await joining(node, to: [members[0].seed], role: node === members[2] ? .learner : .voter) { _ in }
      }
      #expect(cluster.state.changes.isEmpty)
    }
  }

  @Test("a member that moved changes its address")
  func moved() async throws {
    try await FakeCluster.with { cluster in
      let members = try await cluster.start(leader: "a", voters: ["b"])
      members[1].address = "b.example.com:8400"
      try await joining(members[1], to: [members[0].seed]) { lines in
        try await eventually("the log says so") { lines.has("member of the cluster") ? () : nil }
      }
      #expect(cluster.state.changes == [.setAddress(NodeID("b"), "b.example.com:8400")])
    }
  }

  @Test("a removed node does not ask to come back, and says once what to do")
  func removed() async throws {
    try await FakeCluster.with { cluster in
      let members = try await cluster.start(leader: "a", voters: ["b"], learners: ["c"])
      let removed = members[2]
      // Its own log ends before the entry that removes it.
      removed.remembers = cluster.state.configuration
      _ = try await AdminClient(timeout: .seconds(60), connectionTimeout: .seconds(60)).remove("c", at: members[0].seed)
      try await joining(removed, to: [members[0].seed]) { lines in
        try await eventually("the log says so") {
          lines.has("this node was removed from the cluster, and does not ask to come back") ? () : nil
        }
      }
      #expect(cluster.state.changes == [.remove(NodeID("c"))])
    }
  }
}

/// The messages that a logger was given.
private final class LogLines: Sendable {
  private let messages = Mutex<[String]>([])

  func has(_ message: String) -> Bool { messages.withLock { $0.contains(message) } }

  var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

  private struct Handler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      lines.messages.withLock { $0.append("\(event.message)") }
    }
  }
}
