import Gossip
import Logging
import NIOCore
import NIOPosix
import Raft
import ServiceLifecycle

/// A node among others: tells them of itself, finds out who is there, and, where it leads, makes members of them.
///
/// It is the shell of `Discovery` and `MembershipState`.
struct MembershipService: Service {
  /// Between looks, beside those that gossip asks for.
  private static let lookInterval = Duration.milliseconds(500)
  /// Of leaving, within which most others hear of it; a stop does not wait longer.
  private static let leaveTimeout = TimeAmount.seconds(3)

  let control: any ClusterControl
  let gossip: GossipNode
  /// Asks for a look.
  let looks: LookRequests
  let mode: MembershipMode
  let seeds: GossipSeeds
  let logger: Logger

  func run() async throws {
    try await gossip.start()
    do {
      try await cancelWhenGracefulShutdown { try await work() }
    } catch is CancellationError {
      // As asked.
    }
    // Quietly: a node that stops stays a member of the cluster, and is not taken for one that failed.
    _ = try? await gossip.leave(within: Self.leaveTimeout)
    await gossip.shutdown()
  }

  private func work() async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await seeds.join(gossip, logger: logger) }
      tasks.addTask {
        while true {
          try await Task.sleep(for: Self.lookInterval)
          looks.request()
        }
      }
      tasks.addTask { try await look() }
      for try await _ in tasks {}
    }
  }

  private func look() async throws {
    var state = MembershipState()
    var told: [String: String]?
    var reports = FindingReports(logger: logger)
    for await _ in looks.requests {
      let status = try await control.eventLoop.submit { [control] in control.nodeStatus }.get()
      guard let request = state.request(status) else { continue }
      let tags = MemberTags(request).encoded
      if tags != told {
        try await gossip.update(tags: tags)
        told = tags
      }
      guard mode == .auto else { continue }
      let alive = await gossip.members().filter { $0.status == .alive }
      let outcome = Discovery.look(at: alive.compactMap { MemberTags($0.tags)?.request }, status)
      reports.report(outcome.findings)
      if let (peer, change) = outcome.change { try await carryOut(change, for: peer, &reports) }
    }
  }

  /// Returns when it is committed or refused: one change at a time.
  private func carryOut(_ change: MembershipChange, for peer: Peer, _ reports: inout FindingReports) async throws {
    let result = try await control.eventLoop.flatSubmit { [control] in
      let promise = control.eventLoop.makePromise(of: Result<Void, ChangeRefusal>.self)
      control.change(change) { promise.succeed($0) }
      return promise.futureResult
    }.get()
    switch result {
    case .success:
      logger.notice("\(change), as gossip shows it", metadata: ["node": "\(peer)"])
      looks.request()
    case .failure(let refusal): reports.report([.init(peer: peer, plan: .after(refusal))])
    }
  }
}

/// Asks for a look at who is there. Several requests before one are worth one look.
package final class LookRequests: Sendable {
  let requests: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  package init() { (requests, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  func request() { continuation.yield() }
}

/// Tells why a node that is there is not made a member, once for each reason.
private struct FindingReports {
  /// Nodes that were told of: more than a cluster has, so that one who takes name after name costs no memory.
  private static let maximumNodes = 256

  let logger: Logger
  private var last: [Peer: JoinPlan] = [:]

  init(logger: Logger) { self.logger = logger }

  mutating func report(_ findings: [Discovery.Finding]) {
    if last.count > Self.maximumNodes { last = [:] }
    for finding in findings where last[finding.peer] != finding.plan {
      last[finding.peer] = finding.plan
      switch finding.plan {
      case .wait(let reason):
        logger.debug("a node waits to become a member", metadata: ["node": "\(finding.peer)", "for": "\(reason)"])
      case .refused(let refusal):
        logger.notice(
          "a node is seen in gossip and not made a member",
          metadata: ["node": "\(finding.peer)", "why": "\(refusal)"])
      case .done, .change: break
      }
    }
  }
}
