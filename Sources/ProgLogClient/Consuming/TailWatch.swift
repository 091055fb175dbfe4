import GRPCCore
import Synchronization

/// Looks after a server at which a consumer waits for records to come. Nothing comes there for good reason, or because the
/// server hangs, or is cut off from the others: so it is asked now and then.
final class TailWatch: Sendable {
  /// Long enough to cost nothing, and the longest that a consumer is behind because its server is gone without a word.
  private static let interval = Duration.seconds(4)
  /// A server may hear of no leader for a moment, while one is elected.
  private static let answersWithoutLeader = 2

  private let node: Node
  private let timeout: Duration
  private let lastHeard = Mutex(ContinuousClock.now)

  init(node: Node, timeout: Duration) {
    self.node = node
    self.timeout = timeout
  }

  /// Something came.
  func heard() {
    self.lastHeard.withLock { $0 = .now }
  }

  /// Asks until the task is cancelled.
  ///
  /// - Throws: when the server is not one to wait at.
  func run() async throws {
    var withoutLeader = 0
    while true {
      let due = self.lastHeard.withLock { $0 } + Self.interval
      if due > .now {
        try await Task.sleep(until: due, clock: .continuous)
        continue
      }
      let servers = try await ServerQuestion.servers(of: self.node, timeout: self.timeout, tracker: CallTracker())
      withoutLeader = servers.contains(where: \.isLeader) ? 0 : withoutLeader + 1
      if withoutLeader == Self.answersWithoutLeader {
        throw RPCError(code: .unavailable, message: "it hears of no leader")
      }
      self.heard()
    }
  }
}
