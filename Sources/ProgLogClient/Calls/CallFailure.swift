import GRPCCore
import GRPCProtobuf
import ProgLogAPI

/// How one attempt of a call failed, and what may be done about it.
struct CallFailure: Error, Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    /// Another server leads, where the one that was asked knew it.
    case notLeader(hint: NodeAddress?)
    /// No connection, or it broke, or the server is stopping: another server, or this one later.
    case away
    /// Nothing came in the time of an attempt: the server, or the way to it, may be gone without a word.
    case silent
    /// The server is there and cannot do it at the moment.
    case busy
    /// The producer's numbering and the server's memory of it do not go together.
    case sequenceGap
    /// Nothing that passes by itself.
    case final
  }

  let kind: Kind
  let error: ProgLogError
  /// Whether what was to be appended may be in the log, or get there.
  let leavesDoubt: Bool
}

/// `ErrorInfo.reason` of the log's API.
enum LogReason: String {
  case leadershipLost = "LEADERSHIP_LOST"
  case noLeader = "NO_LEADER"
  case producersUnknown = "PRODUCERS_UNKNOWN"
  case overloaded = "OVERLOADED"
  case noSpace = "NO_SPACE"
  case sequenceGap = "SEQUENCE_GAP"
  case sequenceTooOld = "SEQUENCE_TOO_OLD"
  case producerFenced = "PRODUCER_FENCED"
  case shuttingDown = "SHUTTING_DOWN"
}

extension CallFailure {
  /// - Parameters:
  ///   - wasOpened: whether the call got a stream on a connection: before that nothing can have been sent.
  ///   - requested: the offset asked for.
  init(_ thrown: any Error, address: NodeAddress, wasOpened: Bool, requested: UInt64?, timeout: Duration) {
    if let failure = thrown as? CallFailure {
      self = failure
      return
    }
    let error = ProgLogError(
      thrown, address: address.description, wasOpened: wasOpened, requested: requested, timeout: timeout)
    let reason = (thrown as? RPCError).flatMap { ProgLogError.info(of: $0) }?.reason
    let kind = Self.kind(of: error, reason: reason)
    self.init(kind: kind, error: error, leavesDoubt: wasOpened && Self.leavesDoubt(error, kind, reason: reason))
  }

  private static func kind(of error: ProgLogError, reason: String?) -> Kind {
    let reason = reason.flatMap(LogReason.init)
    switch error {
    case .notLeader(_, let leader): return .notLeader(hint: leader.flatMap { try? NodeAddress(parsing: $0) })
    case .unreachable: return .away
    case .unavailable:
      switch reason {
      case .leadershipLost, .noLeader, .producersUnknown: return .busy
      default: return .away
      }
    case .deadlineExceeded: return .silent
    case .server:
      switch reason {
      case .overloaded, .noSpace: return .busy
      case .sequenceGap: return .sequenceGap
      default: return .final
      }
    case .outOfRange, .invalidAddress, .invalidTLS, .outcomeUnknown, .producerFailed, .closed, .protocolViolation:
      return .final
    }
  }

  /// A refusal means that nothing is in the log, nor will be, except those of statuses that a transport makes up itself, or
  /// that a server may send after the append (docs/api.md).
  private static func leavesDoubt(_ error: ProgLogError, _ kind: Kind, reason: String?) -> Bool {
    switch error {
    case .unavailable:
      let known: [LogReason] = [.noLeader, .producersUnknown, .shuttingDown]
      return !(reason.flatMap(LogReason.init).map(known.contains) ?? false)
    case .deadlineExceeded, .protocolViolation, .outcomeUnknown: return true
    case .server(let server):
      if reason == LogReason.sequenceTooOld.rawValue { return true }
      return ["CANCELLED", "UNKNOWN", "ABORTED", "INTERNAL", "DATA_LOSS"].contains(server.code) && kind != .sequenceGap
    case .notLeader, .unreachable, .outOfRange, .invalidAddress, .invalidTLS, .producerFailed, .closed: return false
    }
  }

  /// Whether the same call may fare better later, or elsewhere.
  var mayPass: Bool {
    switch self.kind {
    case .notLeader, .away, .silent, .busy: true
    case .sequenceGap, .final: false
    }
  }

  /// Its reason, where the server gave one of the log's.
  var reason: LogReason? {
    guard case .server(let server) = self.error else { return nil }
    return server.reason.flatMap(LogReason.init)
  }
}
