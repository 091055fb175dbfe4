import GRPCCore
import GRPCProtobuf

extension ProgLogError {
  /// The domain and the names of our servers' `google.rpc.ErrorInfo`.
  private enum Info {
    static let domain = "proglog.io"
    static let offsetOutOfRange = "OFFSET_OUT_OF_RANGE"
    static let notLeader = "NOT_LEADER"
    static let start = "start"
    /// The offset that the next record will get.
    static let end = "end"
    static let leaderAddress = "leader_addr"
  }

  /// What a call's failure means.
  ///
  /// - Parameters:
  ///   - wasOpened: whether the call got a stream on a connection: before that nothing can have been sent.
  ///   - requested: the offset asked for.
  init(_ error: any Error, address: String, wasOpened: Bool, requested: UInt64?, timeout: Duration) {
    if let error = error as? ProgLogError {
      self = error
      return
    }
    if error is ProgressWatch.TimedOut {
      self = .deadlineExceeded(address: address, timeout: timeout)
      return
    }
    guard let error = error as? RPCError else {
      self = .unavailable(address: address, cause: Self.rootCause(of: error))
      return
    }
    // Details that do not parse are a server's mistake; its status still counts.
    let info = (try? error.unpackGoogleRPCStatus())?.details.compactMap(\.errorInfo).first { $0.domain == Info.domain }
    switch error.code {
    case .outOfRange:
      self = .outOfRange(requested: requested ?? 0, range: info.flatMap(Self.range(of:)))
    case .failedPrecondition where info?.reason == Info.notLeader:
      self = .notLeader(address: address, leader: info?.metadata[Info.leaderAddress])
    case .deadlineExceeded:
      self = .deadlineExceeded(address: address, timeout: timeout)
    case .unavailable where !wasOpened:
      self = .unreachable(address: address, cause: Self.rootCause(of: error))
    case .unavailable:
      self = .unavailable(address: address, cause: Self.rootCause(of: error))
    default:
      self = .server(
        ServerError(
          code: Self.name(of: error.code), message: error.message, reason: info?.reason,
          metadata: info?.metadata ?? [:]))
    }
  }

  /// Whether a second attempt may fare better.
  var isTransient: Bool {
    switch self {
    case .unreachable, .unavailable: true
    default: false
    }
  }

  /// For a call that appends and was sent: whether the server has surely not done it. Statuses that a transport makes up
  /// itself, or that a server may send after the append, leave it open.
  var leavesOutcomeOpen: Bool {
    switch self {
    case .unavailable, .deadlineExceeded, .protocolViolation: true
    case .server(let error): ["CANCELLED", "UNKNOWN", "ABORTED", "INTERNAL", "DATA_LOSS"].contains(error.code)
    case .invalidAddress, .unreachable, .outOfRange, .notLeader, .outcomeUnknown: false
    }
  }

  private static func range(of info: ErrorDetails.ErrorInfo) -> Range<UInt64>? {
    guard
      info.reason == Info.offsetOutOfRange,
      let start = info.metadata[Info.start].flatMap({ UInt64($0) }),
      let end = info.metadata[Info.end].flatMap({ UInt64($0) }),
      start <= end
    else { return nil }
    return start..<end
  }

  /// gRPC's names (statuscodes.md), by number from 0.
  private static func name(of code: RPCError.Code) -> String {
    let names = [
      "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
      "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
      "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]
    return names.indices.contains(code.rawValue) ? names[code.rawValue] : "STATUS \(code.rawValue)"
  }

  /// The innermost error, which is the one of the socket or resolver: the outer ones only tell that the channel has
  /// failed.
  private static func rootCause(of error: any Error) -> String {
    var root: any Error = error
    while let cause = (root as? RPCError)?.cause {
      root = cause
    }
    if let root = root as? RPCError { return root.message }
    // SwiftNIO: `connection reset (error set): Connection refused) (errno: 111)`, unbalanced as it stands.
    var text = "\(root)"
    if let end = text.firstRange(of: " (errno: "), let start = text[..<end.lowerBound].firstRange(of: "): ") {
      text = String(text[start.upperBound..<end.lowerBound]).lowercased()
      if text.last == ")" { text.removeLast() }
    }
    return text
  }
}
