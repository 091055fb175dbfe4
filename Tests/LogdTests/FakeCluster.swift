import CommitLog
import Logging
import NIOCore
import NIOPosix
import ProgLogClient
import RPCServer
import Synchronization

@testable import Logd
@testable import Raft

/// A cluster in memory behind real admin services: what its leader is asked for is done at once, by a few of the core's
/// rules.
final class FakeCluster: Sendable {
  struct State {
    var configuration: Raft.Configuration?
    var leader: Peer?
    var term = Term(3)
    var isCommitted = true
    /// Entries that members lack, by name.
    var lags: [String: UInt64] = [:]
    /// Members that do not answer the leader.
    var absent: Set<String> = []
    /// What the next changes are refused with, one for each; nil lets one pass.
    var refusals: [ChangeRefusal?] = []
    var changes: [MembershipChange] = []
    var nodesWithoutRoom: Set<String> = []
  }

  static let lastIndex: UInt64 = 5000

  let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let mutex = Mutex(State())
  private let servers = Mutex<[RPCServer]>([])

  var state: State { mutex.withLock { $0 } }

  func update<Result: Sendable>(_ change: (inout State) -> Result) -> Result {
    mutex.withLock { state in change(&state) }
  }

  /// Runs `body`, and ends all nodes.
  static func with(_ body: (FakeCluster) async throws -> Void) async throws {
    let cluster = FakeCluster()
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(cluster))
    } catch {
      result = .failure(error)
    }
    for server in cluster.servers.withLock({ $0 }) { try await server.shutdown(deadline: .now()) }
    try await cluster.loops.shutdownGracefully()
    try result.get()
  }

  /// Starts a node that is in no cluster.
  func start(
    _ name: String, incarnation: UInt64 = 1, fingerprints: NodeFingerprints? = nil
  ) async throws -> FakeNode {
    let node = FakeNode(
      Peer(id: NodeID(name), incarnation: LogIncarnation(high: 0, low: incarnation)), of: self)
    let admin = AdminService(
      control: node, fingerprints: { fingerprints }, addresses: ClientAddresses(path: nil, ownHost: "localhost"),
      logger: Logger(label: "test"))
    let server = RPCServer(
      router: RPCRouter(admin.methods), eventLoopGroup: loops, logger: Logger(label: "test"))
    node.address = "127.0.0.1:\(try await server.start().first?.port ?? 0)"
    servers.withLock { $0.append(server) }
    return node
  }

  /// Starts a leader and other members.
  func start(leader: String, voters: [String] = [], learners: [String] = []) async throws -> [FakeNode] {
    var nodes: [FakeNode] = []
    var members: [Member] = []
    for name in [leader] + voters + learners {
      let node = try await start(name)
      nodes.append(node)
      members.append(
        Member(peer: node.peer, address: node.address, role: learners.contains(name) ? .learner : .voter))
    }
    let configuration = Raft.Configuration(clusterID: "alpha", members: members)
    update { [first = nodes.first?.peer] state in
      state.configuration = configuration
      state.leader = first
    }
    return nodes
  }
}

final class FakeNode: ClusterControl {
  let peer: Peer
  private let cluster: FakeCluster
  private let ownAddress = Mutex("")
  private let ownConfiguration = Mutex<Raft.Configuration?>(nil)

  init(_ peer: Peer, of cluster: FakeCluster) {
    self.peer = peer
    self.cluster = cluster
  }

  var eventLoop: any EventLoop { cluster.loops.next() }

  /// Where it says that others reach it.
  var address: String {
    get { ownAddress.withLock { $0 } }
    set { ownAddress.withLock { $0 = newValue } }
  }

  /// What its log says when it has not got what came later; nil: it has everything.
  var remembers: Raft.Configuration? {
    get { ownConfiguration.withLock { $0 } }
    set { ownConfiguration.withLock { $0 = newValue } }
  }

  var seed: NodeAddress {
    get throws { try NodeAddress(parsing: address) }
  }

  var nodeStatus: NodeStatus {
    let state = cluster.state
    let isMember = state.configuration?[peer] != nil
    return .make(
      peer, address: address, configuration: remembers ?? (isMember ? state.configuration : nil),
      leader: isMember ? state.leader : nil, term: state.term, isCommitted: state.isCommitted, lags: state.lags,
      absent: state.absent, hasRoom: !state.nodesWithoutRoom.contains(peer.id.name))
  }

  func change(_ change: MembershipChange, completion: @escaping (Result<Void, ChangeRefusal>) -> Void) {
    completion(cluster.update { state in Self.apply(change, by: peer, to: &state) })
  }

  func transferLeadership(to target: NodeID?, completion: @escaping (Result<Void, ChangeRefusal>) -> Void) {
    completion(
      cluster.update { state in
        guard state.leader == peer else { return .failure(.notLeader(hint: state.leader)) }
        let others = state.configuration?.voters.filter { $0 != peer } ?? []
        guard let target else {
          state.leader = others.first
          return .success(())
        }
        guard let voter = others.first(where: { $0.id == target }) else { return .failure(.notVoter(target)) }
        state.leader = voter
        return .success(())
      })
  }

  func bootstrap(clusterID: String, completion: @escaping (Result<Void, ChangeRefusal>) -> Void) {
    let member = Member(peer: peer, address: address, role: .voter)
    completion(
      cluster.update { state in
        guard state.configuration == nil else { return .failure(.alreadyBootstrapped) }
        state.configuration = Raft.Configuration(clusterID: clusterID, members: [member])
        state.leader = member.peer
        return .success(())
      })
  }

  func forceNewCluster(
    _ order: ForceNewCluster,
    completion: @escaping (Result<ForceNewCluster.Outcome, ForceNewCluster.Refusal>) -> Void
  ) {
    switch order.step(nodeStatus, patience: .seconds(1)) {
    case .refused(let refusal): completion(.failure(refusal))
    case .done(let outcome): completion(.success(outcome))
    case .begin(let outcome):
      let member = Member(peer: peer, address: address, role: .voter)
      cluster.update { state in
        state.configuration = Raft.Configuration(clusterID: order.clusterID, members: [member])
        state.leader = member.peer
      }
      completion(.success(outcome))
    }
  }

  private static func apply(
    _ change: MembershipChange, by peer: Peer, to state: inout FakeCluster.State
  ) -> Result<Void, ChangeRefusal> {
    guard state.leader == peer, let configuration = state.configuration else {
      return .failure(.notLeader(hint: state.configuration?[peer] == nil ? nil : state.leader))
    }
    if !state.refusals.isEmpty, let refusal = state.refusals.removeFirst() { return .failure(refusal) }
    var members = configuration.members
    func index(_ id: NodeID) -> Int? { members.firstIndex { $0.peer.id == id } }
    switch change {
    case .addLearner(let peer, let address):
      if let present = configuration[peer.id] { return .failure(.alreadyMember(present)) }
      members.append(Member(peer: peer, address: address, role: .learner))
    case .promote(let id):
      guard let place = index(id) else { return .failure(.unknownMember(id)) }
      guard members[place].role == .learner else { return .failure(.notLearner(id)) }
      if let lag = state.lags[id.name], lag > 0 { return .failure(.notCaughtUp(id, missing: lag)) }
      members[place].role = .voter
    case .demote(let id):
      guard let place = index(id) else { return .failure(.unknownMember(id)) }
      members[place].role = .learner
    case .remove(let id):
      guard let place = index(id) else { return .failure(.unknownMember(id)) }
      members.remove(at: place)
    case .setAddress(let id, let address):
      guard let place = index(id) else { return .failure(.unknownMember(id)) }
      members[place].address = address
    }
    state.configuration = Raft.Configuration(clusterID: configuration.clusterID, members: members)
    state.changes.append(change)
    return .success(())
  }
}

extension NodeStatus {
  /// A status as a node of a quiet cluster has it.
  static func make(
    _ peer: Peer, address: String, configuration: Raft.Configuration?, leader: Peer?, term: Term = Term(3),
    isCommitted: Bool = true, hasCommittedInTerm: Bool = true, transferTarget: Peer? = nil,
    lags: [String: UInt64] = [:], absent: Set<String> = [], hasRoom: Bool = true
  ) -> NodeStatus {
    let last = configuration == nil ? 0 : FakeCluster.lastIndex
    func position(_ peer: Peer) -> LogIndex { LogIndex(last - min(last, lags[peer.id.name] ?? 0)) }
    let others = leader == peer ? configuration?.members.map(\.peer).filter { $0 != peer } ?? [] : []
    return NodeStatus(
      peer: peer, address: address, clusterID: configuration?.clusterID,
      raft: Raft.Status(
        role: RoleSummary(role: leader == peer ? .leader : .follower, term: term, leader: leader),
        lastIndex: position(peer), lastTerm: configuration == nil ? Term(0) : term, flushedIndex: position(peer),
        commitIndex: position(peer),
        startIndex: LogIndex(1), configuration: configuration.map { .init(index: LogIndex(7), configuration: $0) },
        isConfigurationCommitted: isCommitted, hasCommittedInTerm: hasCommittedInTerm, uncommittedBytes: 0,
        transferTarget: transferTarget, hasRoom: hasRoom,
        followers: others.map { other in
          Raft.Status.Follower(
            peer: other, match: position(other), next: position(other).advanced(by: 1), inflightBytes: 0,
            isActive: !absent.contains(other.id.name), isReplicating: true)
        }),
      extent: LogExtent(start: Offset(0), end: Offset(last)), leaderless: leader == nil ? .seconds(60) : nil)
  }
}
