import CommitLog
import ProgLogAPI
import RPCServer

/// What the log's failures are to a gRPC client.
extension RPCStatus {
  static func malformed(_ error: MalformedMessage) -> RPCStatus {
    RPCStatus(.invalidArgument, "the request is malformed: \(error)")
  }

  /// Proglog's clients read the LocalizedMessage, others the ErrorInfo.
  static func outOfRange(_ offset: Offset, _ extent: LogExtent) -> RPCStatus {
    var localized = Google_Rpc_LocalizedMessage()
    localized.locale = "en-US"
    localized.message = "The requested offset is outside of the log: \(offset)"
    let info = errorInfo(
      "OFFSET_OUT_OF_RANGE", ["requested": "\(offset)", "start": "\(extent.start)", "end": "\(extent.end)"])
    return RPCStatus(
      .outOfRange, "offset \(offset) is outside of the log, which holds \(extent.start) up to but not \(extent.end)",
      details: [localized, info])
  }

  init(_ error: ProduceError) {
    let message = error.description
    self =
      switch error {
      case .recordTooLarge(let bytes, let maximum):
        RPCStatus(
          .invalidArgument, message,
          details: [Self.errorInfo("RECORD_TOO_LARGE", ["bytes": "\(bytes)", "maximum": "\(maximum)"])])
      case .batchTooLarge(let bytes, let maximum):
        RPCStatus(
          .invalidArgument, message,
          details: [Self.errorInfo("BATCH_TOO_LARGE", ["bytes": "\(bytes)", "maximum": "\(maximum)"])])
      case .invalidBatch: RPCStatus(.invalidArgument, message, details: [Self.errorInfo("INVALID_BATCH")])
      case .overloaded: RPCStatus(.resourceExhausted, message, details: [Self.errorInfo("OVERLOADED")])
      case .notLeader(let leader): .notLeader(leader.map { ($0.id, $0.address) })
      case .transferring(let leader): .notLeader((leader.id, leader.address))
      case .leadershipLost: RPCStatus(.unavailable, message, details: [Self.errorInfo("LEADERSHIP_LOST")])
      case .notReady: RPCStatus(.unavailable, message, details: [Self.errorInfo("PRODUCERS_UNKNOWN")])
      case .producerFenced(let epoch):
        RPCStatus(
          .failedPrecondition, message, details: [Self.errorInfo("PRODUCER_FENCED", ["epoch": "\(epoch)"])])
      case .sequenceTooOld(let sequence, let next):
        RPCStatus(
          .failedPrecondition, message,
          details: [Self.errorInfo("SEQUENCE_TOO_OLD", ["sequence": "\(sequence)", "next": "\(next)"])])
      case .sequenceGap(let sequence, let expected):
        RPCStatus(
          .aborted, message,
          details: [Self.errorInfo("SEQUENCE_GAP", ["sequence": "\(sequence)", "expected": "\(expected)"])])
      case .refused(.noSpace): RPCStatus(.resourceExhausted, message, details: [Self.errorInfo("NO_SPACE")])
      case .refused: RPCStatus(.internal, message, details: [Self.errorInfo("LOG_REFUSED")])
      case .shuttingDown: RPCStatus(.unavailable, message, details: [Self.errorInfo("SHUTTING_DOWN")])
      }
  }

  static func readFailure(_ error: any Error, _ offset: Offset) -> RPCStatus {
    if let error = error as? BatchError {
      return RPCStatus(.dataLoss, "the record at \(offset) could not be read: \(error)")
    }
    guard let error = error as? LogError else {
      return RPCStatus(.unavailable, "the record at \(offset) could not be read: \(error)")
    }
    if case .outOfRange(_, let start, let end) = error {
      return .outOfRange(offset, LogExtent(start: start, end: end))
    }
    return RPCStatus(.dataLoss, "the record at \(offset) could not be read: \(error)")
  }

  static func timeNotFound(_ time: Int64, _ error: any Error) -> RPCStatus {
    RPCStatus(.unavailable, "the offset at time \(time) could not be found: \(error)")
  }

  init(_ error: EndUnconfirmed) {
    switch error {
    case .noLeader: self.init(.unavailable, error.description, details: [Self.errorInfo("NO_LEADER")])
    case .overloaded: self.init(.resourceExhausted, error.description, details: [Self.errorInfo("OVERLOADED")])
    case .shuttingDown: self.init(.unavailable, error.description, details: [Self.errorInfo("SHUTTING_DOWN")])
    }
  }

  static func errorInfo(_ reason: String, _ metadata: [String: String] = [:]) -> Google_Rpc_ErrorInfo {
    var info = Google_Rpc_ErrorInfo()
    info.reason = reason
    info.domain = errorDomain
    info.metadata = metadata
    return info
  }
}
