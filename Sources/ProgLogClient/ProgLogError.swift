/// Why a call failed. The description is one line for a person and says what to do.
///
/// A cancelled task throws `CancellationError` instead.
public enum ProgLogError: Error, Sendable, Hashable {
  /// An error that a server answered and that has no case of its own.
  public struct ServerError: Sendable, Hashable {
    /// gRPC's name of the status, such as `PERMISSION_DENIED`.
    public let code: String
    /// The server's message.
    public let message: String
    /// `reason` of the error's `google.rpc.ErrorInfo`, where the server sent one.
    public let reason: String?
    /// Its `metadata`.
    public let metadata: [String: String]
  }

  /// The text is not `HOST:PORT`.
  case invalidAddress(String, reason: String)
  /// No connection could be made; nothing was sent.
  case unreachable(address: String, cause: String)
  /// The server, or the connection to it, went away during the call.
  case unavailable(address: String, cause: String)
  /// No answer came within the timeout.
  case deadlineExceeded(address: String, timeout: Duration)
  /// The log has no record at that offset: it has `range`, where the server told.
  case outOfRange(requested: UInt64, range: Range<UInt64>?)
  /// Another node leads: the one at `leader`, where the server knew it.
  case notLeader(address: String, leader: String?)
  /// The records may or may not have been appended: the answer was lost. They were not sent again, which could double
  /// them.
  case outcomeUnknown(records: Int, cause: String)
  /// The server refused.
  case server(ServerError)
  /// The server broke the protocol.
  case protocolViolation(String)
}

extension ProgLogError: CustomStringConvertible {
  /// One line: what failed, where, and what to do.
  public var description: String {
    switch self {
    case .invalidAddress(let text, let reason):
      "'\(text)' is not an address HOST:PORT: \(reason)"
    case .unreachable(let address, let cause):
      "cannot reach \(address): \(cause): is logd running there?"
    case .unavailable(let address, let cause):
      "\(address) is not available: \(cause): try again"
    case .deadlineExceeded(let address, let timeout):
      "\(address) did not answer within \(timeout): try again, or allow more time"
    case .outOfRange(let requested, let range?) where range.isEmpty:
      "offset \(requested) is not in the log: the log is empty and its next offset is \(range.upperBound)"
    case .outOfRange(let requested, let range?):
      "offset \(requested) is not in the log: it has \(range.lowerBound) to \(range.upperBound - 1)"
    case .outOfRange(let requested, nil):
      "offset \(requested) is not in the log"
    case .notLeader(let address, let leader?):
      "\(address) is not the leader: ask \(leader)"
    case .notLeader(let address, nil):
      "\(address) is not the leader and knows none: try again"
    case .outcomeUnknown(let records, let cause):
      "the answer for \(records) \(records == 1 ? "record" : "records") was lost: \(cause): "
        + "they may have been appended, so look at the log's end before producing them again"
    case .server(let error):
      "the server answered \(error.code): \(error.message)"
    case .protocolViolation(let what):
      "the server broke the protocol: \(what)"
    }
  }
}
