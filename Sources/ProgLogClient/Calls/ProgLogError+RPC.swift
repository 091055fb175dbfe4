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
      self = .deadlineExceeded(waitingFor: "an answer of \(address)", timeout: timeout)
      return
    }
    guard let error = error as? RPCError else {
      self = .unavailable(address: address, cause: Self.rootCause(of: error))
      return
    }
    let info = Self.info(of: error)
    switch error.code {
    case .outOfRange:
      // The server's word on what was asked for counts more: a stream that resumed asked for more than its first offset.
      let told = info?.metadata[Info.requested].flatMap { UInt64($0) }
      self = .outOfRange(requested: told ?? requested ?? 0, range: info.flatMap(Self.range(of:)))
    case .failedPrecondition where info?.reason == AdminReason.notLeader.rawValue:
      self = .notLeader(address: address, leader: info?.metadata[AdminMetadata.leaderAddress])
    case .deadlineExceeded:
      self = .deadlineExceeded(waitingFor: "an answer of \(address)", timeout: timeout)
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

  /// What our servers say beside the status. Details that do not parse are a server's mistake; its status still counts.
  static func info(of error: RPCError) -> ErrorDetails.ErrorInfo? {
    (try? error.unpackGoogleRPCStatus())?.details.compactMap(\.errorInfo).first { $0.domain == errorDomain }
  }

  /// What a call that appends failed with, when it may have appended `records` records.
  func ofAppend(records: Int) -> ProgLogError { .outcomeUnknown(records: records, cause: self.cause) }

  /// What happened, without what to do about it: it stands within another sentence.
  var cause: String {
    switch self {
    case .outcomeUnknown(_, let cause): cause
    case .unavailable(let address, let cause): "\(address): \(cause)"
    case .deadlineExceeded(let wait, _): "waited in vain for \(wait)"
    default: self.description
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
  static func rootCause(of error: any Error) -> String {
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
