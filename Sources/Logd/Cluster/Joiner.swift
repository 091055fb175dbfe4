package import Logging
import NIOCore
import ProgLogAPI
package import ProgLogClient
package import Raft
import ServiceLifecycle

/// Makes a node a member of its cluster: asks the nodes that it was given, and whom they name as the leader, one step
/// at a time, until it is what it is to be. Then it is done for as long as the node runs.
package struct Joiner: Service {
  /// Of one call: a change needs two flushes of a quorum, and one that is not committed by then goes on without the
  /// call.
  private static let callTimeout = Duration.seconds(5)
  /// A cluster that starts is there in a moment; one that is down is not asked more than it can bear when it comes
  /// back.
  private static let backOff = BackOff(initial: .milliseconds(100), maximum: .seconds(5))
  /// Between looks at what the node knows.
  private static let lookInterval = Duration.milliseconds(100)
  /// Of lines in the log that say the same in other words.
  private static let reportInterval = Duration.seconds(10)

  private let control: any ClusterControl
  private let addresses: [NodeAddress]
  private let role: Member.Role
  private let security: ClientSecurity
  private let isSeenInGossip: @Sendable () -> Bool
  private let logger: Logger

  /// - Parameters:
  ///   - addresses: RPC addresses of members, at least one; this node's own may be among them.
  ///   - role: what this node is to be.
  ///   - isSeenInGossip: then the leader sees this node, too, and a new one need not ask.
  package init(
    control: any ClusterControl, addresses: [NodeAddress], role: Member.Role = .voter,
    security: ClientSecurity = .plaintext, isSeenInGossip: @escaping @Sendable () -> Bool = { false }, logger: Logger
  ) {
    self.control = control
    self.addresses = addresses
    self.role = role
    self.security = security
    self.isSeenInGossip = isSeenInGossip
    self.logger = logger
  }

  package func run() async throws {
    do {
      try await cancelWhenGracefulShutdown { try await join() }
      // A service that returns ends its group.
      try await gracefulShutdown()
    } catch is CancellationError {
      // As asked.
    }
  }

  /// Returns when there is nothing more to ask.
  private func join() async throws {
    var state = JoinState(role: role)
    var search = LeaderSearch(seeds: addresses, backOff: Self.backOff)
    var reports = Reports(interval: Self.reportInterval)
    let start = ContinuousClock.now
    var hasAsked = false
    while true {
      let status = try await status()
      switch state.next(status, elapsed: .now - start) {
      case .rest:
        // A member that comes back is nothing to speak of.
        if hasAsked { reportMembership(status.clusterID, status.configuration?[status.peer].map { "\($0.role)" }) }
        return
      case .look: try await Task.sleep(for: Self.lookInterval)
      case .ask(wasMember: false) where isSeenInGossip(): try await Task.sleep(for: Self.lookInterval)
      case .ask(let wasMember):
        hasAsked = true
        let outcome = try await ask(search.address, status, wasMember: wasMember)
        guard let pause = take(outcome, &state, &search, &reports) else { return }
        try await Task.sleep(for: pause)
      }
    }
  }

  private func status() async throws -> NodeStatus {
    try await control.eventLoop.submit { [control] in control.nodeStatus }.get()
  }

  private func ask(
    _ address: NodeAddress, _ status: NodeStatus, wasMember: Bool
  ) async throws -> Result<JoinAnswer, AdminError> {
    let question = JoinQuestion(
      identity: NodeIdentity(name: status.peer.id.name, incarnation: status.peer.incarnation.hexadecimal),
      address: status.address, role: role == .voter ? .voter : .learner, clusterID: status.clusterID,
      wasMember: wasMember)
    do {
      return .success(try await AdminClient(timeout: Self.callTimeout, security: security).join(question, at: address))
    } catch let error as AdminError {
      return .failure(error)
    }
  }

  private func reportMembership(_ cluster: String?, _ role: String?) {
    logger.notice(
      "member of the cluster", metadata: ["cluster": "\(cluster ?? "unknown")", "role": "\(role ?? "unknown")"])
  }

  /// - Returns: how long to wait before the next look; nil when there is none.
  private func take(
    _ outcome: Result<JoinAnswer, AdminError>, _ state: inout JoinState, _ search: inout LeaderSearch,
    _ reports: inout Reports
  ) -> Duration? {
    switch outcome {
    case .success(let answer):
      if answer.role != nil { state.toldMember() }
      switch answer.step {
      case .done:
        reportMembership(answer.clusterID, answer.role?.rawValue)
        return nil
      case .changed:
        search.succeeded()
        return search.pauseAfterAnswer()
      case .wait(let reason):
        if reports.isDue(reason, at: .now) {
          logger.info("joining the cluster: waiting", metadata: ["for": "\(reason)"])
        }
        return search.pauseAfterAnswer()
      }
    case .failure(let error) where error.reason == .unknownMember:
      logger.error(
        "this node was removed from the cluster, and does not ask to come back",
        metadata: [
          "what_to_do":
            "add it by 'logctl cluster add', or start it with an empty data directory, and it joins as a new node",
          "answer": "\(error)",
        ])
      return nil
    case .failure(let error):
      if reports.isDue("\(error)", at: .now) {
        logger.warning("joining the cluster: not yet", metadata: ["why": "\(error)"])
      }
      return search.pause(after: error)
    }
  }
}

/// Keeps a log from saying the same again and again.
private struct Reports {
  let interval: Duration
  private var last: (text: String, time: ContinuousClock.Instant)?

  init(interval: Duration) {
    self.interval = interval
  }

  mutating func isDue(_ text: String, at now: ContinuousClock.Instant) -> Bool {
    if let last, last.text == text || now - last.time < interval { return false }
    last = (text, now)
    return true
  }
}
