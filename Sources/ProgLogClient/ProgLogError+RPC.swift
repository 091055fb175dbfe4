import GRPCCore
import GRPCProtobuf
import ProgLogAPI

extension ProgLogError {
  /// Names in our servers' `google.rpc.ErrorInfo`.
  private enum Info {
    static let offsetOutOfRange = "OFFSET_OUT_OF_RANGE"
    static let requested = "requested"
    static let start = "start"
    /// The offset that the next record will get.
    static let end = "end"
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
    let info = (try? error.unpackGoogleRPCStatus())?.details.compactMap(\.errorInfo).first { $0.domain == errorDomain }
    switch error.code {
    case .outOfRange:
      // The server's word on what was asked for counts more: a stream that resumed asked for more than its first offset.
      let told = info?.metadata[Info.requested].flatMap { UInt64($0) }
      self = .outOfRange(requested: told ?? requested ?? 0, range: info.flatMap(Self.range(of:)))
    case .failedPrecondition where info?.reason == AdminReason.notLeader.rawValue:
      self = .notLeader(address: address, leader: info?.metadata[AdminMetadata.leaderAddress])
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

  /// What a call that appends failed with, when it had sent `records` records without an answer. Statuses that a
  /// transport makes up itself, or that a server may send after the append, leave the records' outcome open.
  func ofAppend(records: Int) -> ProgLogError {
    guard records > 0 else { return self }
    let openCodes = ["CANCELLED", "UNKNOWN", "ABORTED", "INTERNAL", "DATA_LOSS"]
    switch self {
    case .outcomeUnknown(_, let cause):
      return .outcomeUnknown(records: records, cause: cause)
    case .unavailable(let address, let cause):
      return .outcomeUnknown(records: records, cause: "\(address): \(cause)")
    case .deadlineExceeded(let address, let timeout):
      return .outcomeUnknown(records: records, cause: "\(address) did not answer within \(timeout)")
    case .server(let error) where openCodes.contains(error.code):
      return .outcomeUnknown(records: records, cause: self.description)
    case .protocolViolation:
      return .outcomeUnknown(records: records, cause: self.description)
    case .invalidAddress, .unreachable, .outOfRange, .notLeader, .server:
      return self
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
  static func name(of code: RPCError.Code) -> String {
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
    if let root = root as? RPCError {
      // The causes stand in the middle of sentences.
      return root.message.hasSuffix(".") ? String(root.message.dropLast()) : root.message
    }
    // SwiftNIO: `connection reset (error set): Connection refused) (errno: 111)`, unbalanced as it stands.
    var text = "\(root)"
    if let end = text.firstRange(of: " (errno: "), let start = text[..<end.lowerBound].firstRange(of: "): ") {
      text = String(text[start.upperBound..<end.lowerBound]).lowercased()
      if text.last == ")" { text.removeLast() }
    }
    return text
  }
}
