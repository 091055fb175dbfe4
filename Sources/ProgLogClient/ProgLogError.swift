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

  /// The end of a producer: it takes no more records, and another one has to be made.
  public struct ProducerFailure: Sendable, Hashable {
    /// What ended it.
    public enum Reason: Sendable, Hashable {
      /// The oldest record got no answer in the time for its delivery.
      case timedOut
      /// The servers remember the producer's records otherwise than it does.
      case sequenceLost
      /// Another producer goes on under its id.
      case fenced
    }

    /// What ended it.
    public let reason: Reason
    /// Records that were sent without an answer: they may be in the log or not.
    public let recordsInDoubt: Int
    /// Records that were not sent: they are not in the log.
    public let recordsNotSent: Int
    /// What the last attempt failed with.
    public let cause: String
  }

  /// The text is not `HOST:PORT`.
  case invalidAddress(String, reason: String)
  /// A file for TLS cannot be read, or is not what it is to be.
  case invalidTLS(file: String, reason: String)
  /// No connection could be made; nothing was sent.
  case unreachable(address: String, cause: String)
  /// The server, or the connection to it, went away during the call.
  case unavailable(address: String, cause: String)
  /// What the call waited for did not come within its time.
  case deadlineExceeded(waitingFor: String, timeout: Duration)
  /// The log has no record at that offset: it has `range`, where the server told.
  case outOfRange(requested: UInt64, range: Range<UInt64>?)
  /// Another node leads: the one at `leader`, where the server knew it.
  case notLeader(address: String, leader: String?)
  /// The records may or may not have been appended: every answer was lost, and the time is over.
  case outcomeUnknown(records: Int, cause: String)
  /// The producer has come to its end; these records were not sent.
  case producerFailed(ProducerFailure)
  /// The client or the producer has been closed.
  case closed
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
    case .invalidTLS(let file, let reason):
      "cannot use \(file) for TLS: \(reason)"
    case .unreachable(let address, let cause):
      "cannot reach \(address): \(cause): is logd running there?"
    case .unavailable(let address, let cause):
      "\(address) is not available: \(cause): try again"
    case .deadlineExceeded(let wait, let timeout):
      "waited \(timeout) for \(wait): try again, or allow more time"
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
    case .producerFailed(let failure): failure.description
    case .closed: "it has been closed"
    case .server(let error):
      "the server answered \(error.code): \(error.message)"
    case .protocolViolation(let what):
      "the server broke the protocol: \(what)"
    }
  }
}

extension ProgLogError.ProducerFailure: CustomStringConvertible {
  /// One line.
  public var description: String {
    let reason =
      switch self.reason {
      case .timedOut: "records were not acknowledged in time"
      case .sequenceLost: "the servers remember its records otherwise"
      case .fenced: "another producer goes on under its id"
      }
    return "the producer has ended, because \(reason): \(self.cause): \(self.recordsInDoubt) records may have been "
      + "appended or not, \(self.recordsNotSent) were not: make another one, and look at the log's end first"
  }
}
