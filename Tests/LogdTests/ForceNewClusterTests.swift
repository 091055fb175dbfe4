import CommitLog
import Logging
import NIOCore
import NIOPosix
import ProgLogAPI
import ProgLogClient
import RPCServer
import SwiftProtobuf
import TestSupport
import Testing

@testable import Logd
@testable import Raft

@Suite(.timeLimit(.minutes(1))) struct ForceNewClusterTests {
  private static let peer = Peer(id: NodeID("a"), incarnation: LogIncarnation(high: 0, low: 1))
  private static let other = Peer(id: NodeID("b"), incarnation: LogIncarnation(high: 0, low: 2))
  private static let patience = Duration.seconds(1)

  private static let order = ForceNewCluster(
    abandoned: "alpha", clusterID: "beta", lastIndex: LogIndex(FakeCluster.lastIndex))

  private static func configuration(_ id: String) -> Raft.Configuration {
    Raft.Configuration(
      clusterID: id,
      members: [peer, other].map { Member(peer: $0, address: "\($0.id):1", role: .voter) })
  }

  private static func status(
    cluster: String? = "alpha", leader: Peer? = nil, leaderless: Duration? = .seconds(2), isCommitted: Bool = true,
    hasRoom: Bool = true
  ) -> NodeStatus {
    var status = NodeStatus.make(
      peer, address: "a:1", configuration: cluster.map { configuration($0) }, leader: leader, isCommitted: isCommitted,
      hasRoom: hasRoom)
    status.leaderless = leaderless
    return status
  }

  struct Example: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var status: NodeStatus
    var order = ForceNewClusterTests.order
    var step: ForceNewCluster.Step
  }

  private static let outcome = ForceNewCluster.Outcome(
    clusterID: "beta", commitIndex: LogIndex(5000), lastIndex: LogIndex(5000))

  static let examples = [
    Example(testDescription: "nobody leads", status: status(), step: .begin(outcome)),
    Example(testDescription: "no cluster", status: status(cluster: nil), step: .refused(.noCluster)),
    Example(
      testDescription: "another one", status: status(cluster: "gamma"), step: .refused(.wrongCluster(is: "gamma"))),
    Example(testDescription: "it leads", status: status(leader: peer, leaderless: nil), step: .refused(.leads)),
    Example(
      testDescription: "another leads", status: status(leader: other, leaderless: nil),
      step: .refused(.hasLeader(other.id))),
    Example(
      testDescription: "too early", status: status(leaderless: .milliseconds(999)), step: .refused(.leaderExpected)),
    Example(testDescription: "in time", status: status(leaderless: .seconds(1)), step: .begin(outcome)),
    Example(
      testDescription: "something came since", status: status(),
      order: ForceNewCluster(abandoned: "alpha", clusterID: "beta", lastIndex: LogIndex(4999)),
      step: .refused(.logMoved(last: LogIndex(5000)))),
    Example(testDescription: "full", status: status(hasRoom: false), step: .refused(.noRoom)),
    Example(
      testDescription: "done before", status: status(cluster: "beta", leader: peer, leaderless: nil),
      step: .done(outcome)),
    Example(
      testDescription: "under way", status: status(cluster: "beta", isCommitted: false),
      step: .refused(.inProgress)),
  ]

  @Test("an order is carried out where no leader is heard, and nowhere else", arguments: examples)
  func decisions(_ example: Example) {
    #expect(example.order.step(example.status, patience: Self.patience) == example.step)
  }

  @Test("a node whose metadata went over, and whose log has not, is not what it was and waits")
  func halfWay() {
    var status = Self.status(cluster: "alpha")
    status.clusterID = "beta"
    #expect(Self.order.step(status, patience: Self.patience) == .refused(.inProgress))
  }

  @Test(
    "a refusal says why, and what to do",
    arguments: [
      (.noCluster, .noCluster, "nothing to go on with"),
      (.wrongCluster(is: "x"), .wrongCluster, "in cluster x and not"),
      (.leads, .hasLeader, "which lives"), (.hasLeader(NodeID("b")), .hasLeader, "hears a leader, b"),
      (.leaderExpected, .hasLeader, "try again in a moment"),
      (.logMoved(last: LogIndex(7)), .logMoved, "ends at index 7 and not at 5000"),
      (.noRoom, .noSpace, "make room"), (.inProgress, .changeInProgress, "beginning cluster beta already"),
      (.stopping, .changeInProgress, "starting or stopping"),
      (.unfinished(outcome), .lostLeadership, "beta begins by itself"),
    ] as [(ForceNewCluster.Refusal, AdminReason, String)])
  func refusals(refusal: ForceNewCluster.Refusal, reason: AdminReason, text: String) throws {
    let status = RPCStatus(refusal, Self.order)
    #expect(status.message.contains(text), "\(status.message)")
    let details = try Google_Rpc_Status(serializedBytes: status.details).details
    let info = try Google_Rpc_ErrorInfo(unpackingAny: try #require(details.first))
    #expect(info.reason == reason.rawValue)
  }

  // MARK: Over the API

  @Test("over the API: refused while a leader is known, done when none is, and found done when asked again")
  func api() async throws {
    let client = AdminClient(timeout: .seconds(60), connectionTimeout: .seconds(60))
    try await FakeCluster.with { cluster in
      let nodes = try await cluster.start(leader: "a", voters: ["b"])
      func recover(_ last: UInt64 = FakeCluster.lastIndex, as id: String? = "beta") async throws -> RecoveredCluster {
        try await client.recover(nodes[1].seed, abandoning: "alpha", newClusterID: id, lastIndex: last)
      }
      let lives = await #expect(throws: AdminError.self) { try await recover() }
      #expect(lives?.reason == .hasLeader)
      cluster.update { $0.leader = nil }
      let moved = await #expect(throws: AdminError.self) { try await recover(1) }
      #expect(moved?.reason == .logMoved)
      let same = await #expect(throws: AdminError.self) { try await recover(as: "alpha") }
      #expect(same?.reason == .invalidField)
      let recovered = RecoveredCluster(clusterID: "beta", commitIndex: 5000, lastIndex: 5000)
      for _ in 0..<2 { #expect(try await recover() == recovered) }
      #expect(cluster.state.configuration?.clusterID == "beta")
      #expect(cluster.state.configuration?.voters == [nodes[1].peer])
    }
  }

  // MARK: With a real log

  /// A node of a cluster of two whose other one never speaks.
  private final class SilentTransport: PeerTransport {
    var identity = PeerIdentity(peer: ForceNewClusterTests.peer, clusterID: nil, address: "")
    var members: [Member] = []
    var partnersClusterID: String? { nil }
    func send(_ message: Raft.Message, to peer: Peer) {}
    func flush() {}
    func setMembers(_ members: [Member]) { self.members = members }
  }

  private struct Node {
    let replica: Replica
    let transport: NIOLoopBound<SilentTransport>

    func status() async throws -> NodeStatus {
      try await replica.eventLoop.submit { replica.nodeStatus }.get()
    }

    func force(_ order: ForceNewCluster) async throws -> Result<ForceNewCluster.Outcome, ForceNewCluster.Refusal> {
      try await replica.eventLoop.flatSubmit {
        let promise = replica.eventLoop.makePromise(
          of: Result<ForceNewCluster.Outcome, ForceNewCluster.Refusal>.self)
        replica.forceNewCluster(order) { promise.succeed($0) }
        return promise.futureResult
      }.get()
    }
  }

  private func withNode(_ directory: String, _ body: (Node) async throws -> Void) async throws {
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let readers = NIOThreadPool(numberOfThreads: 1)
    readers.start()
    let log = try Log(directory: directory)
    let loop = loops.next()
    let node = try await loop.submit {
      var configuration = Replica.Configuration(maximumRecordBytes: 1_000)
      configuration.raft.electionTimeout = .milliseconds(50)
      configuration.raft.heartbeatInterval = .milliseconds(10)
      let replica = try Replica.start(
        name: NodeID("a"), log: log, configuration: configuration, eventLoop: loop, readers: readers,
        metrics: ReplicaMetrics(), health: ClusterHealth(), logger: Logger(label: "test"))
      let transport = SilentTransport()
      replica.begin(address: "a:1", transport: transport)
      return Node(replica: replica, transport: NIOLoopBound(transport, eventLoop: loop))
    }.get()
    let result: Result<Void, any Error>
    do { result = .success(try await body(node)) } catch { result = .failure(error) }
    try await node.replica.shutDown()
    try await readers.shutdownGracefully()
    try await loops.shutdownGracefully()
    try result.get()
  }

  /// A log of cluster alpha: a configuration of two voters and a record, neither known to be committed.
  private func makeLog(_ directory: String) throws {
    let log = try Log(directory: directory)
    try log.setClusterID("alpha")
    let peer = Peer(id: NodeID("a"), incarnation: log.metadata.incarnation)
    let members = [peer, Self.other].map { Member(peer: $0, address: "\($0.id):1", role: .voter) }
    let configuration = Raft.Configuration(clusterID: "alpha", members: members)
    var builder = RecordBatch.Builder()
    builder.append([UInt8(7)], timestamp: .now)
    let batches = [
      RecordBatch(kind: .configuration, payload: configuration.encoded(), timestamp: .now), builder.finish(),
    ]
    var end = log.flushedEnd
    for batch in batches {
      let stamped = batch.stamped(
        index: end.nextIndex, term: Term(1), baseOffset: end.nextOffset, appendTime: .now)
      try log.append([stamped])
      end = LogEnd(nextIndex: end.nextIndex.following, nextOffset: stamped.nextOffset, lastTerm: Term(1))
    }
    _ = try log.flush()
    try log.close()
  }

  private func expectAlone(_ node: Node) async throws {
    try await eventually("the new cluster's first entry is committed") {
      let status = try await node.status()
      return status.configuration?.clusterID == "beta" && status.raft.isConfigurationCommitted ? () : nil
    }
    let status = try await node.status()
    #expect(status.clusterID == "beta" && status.raft.role.role == .leader && status.raft.role.term > Term(1))
    #expect(status.configuration?.members.map(\.peer) == [status.peer])
    #expect(status.extent == LogExtent(start: Offset(0), end: Offset(1)))
    let told = try await node.replica.eventLoop.submit {
      (node.transport.value.identity.clusterID, node.transport.value.members.map(\.peer))
    }.get()
    #expect(told.0 == "beta" && told.1 == [status.peer])
    try await eventually("the log says that it has begun") { node.replica.log.metadata.isBeginningCluster ? nil : () }
  }

  @Test("a node that hears nobody goes on alone with its records, and stays so over a restart")
  func alone() async throws {
    let directory = try TemporaryDirectory()
    try makeLog(directory.file("data"))
    try await withNode(directory.file("data")) { node in
      try await eventually("it has heard no leader for long enough") {
        try await node.status().leaderless.map { $0 > .milliseconds(50) } == true ? () : nil
      }
      let order = ForceNewCluster(abandoned: "alpha", clusterID: "beta", lastIndex: LogIndex(2))
      let outcome = try await node.force(order)
      #expect(
        outcome == .success(.init(clusterID: "beta", commitIndex: LogIndex(0), lastIndex: LogIndex(2))))
      try await expectAlone(node)
    }
    try await withNode(directory.file("data")) { node in try await expectAlone(node) }
  }

  @Test("a crash between the note and the log's entry is made good at the next start")
  func crash() async throws {
    let directory = try TemporaryDirectory()
    try makeLog(directory.file("data"))
    let log = try Log(directory: directory.file("data"))
    try log.beginCluster("beta")
    try log.close()
    try await withNode(directory.file("data")) { node in try await expectAlone(node) }
  }
}
