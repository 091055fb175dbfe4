import GRPCCore
import GRPCProtobuf
import ProgLogAPI

extension AdminError {
  /// What a call's failure means.
  ///
  /// - Parameters:
  ///   - wasOpened: whether the call got a stream on a connection: before that nothing can have been sent.
  ///   - changes: whether the call was to change something.
  init(_ error: any Error, address: NodeAddress, wasOpened: Bool, changes: Bool, timeout: Duration) {
    let address = address.description
    // Details that do not parse are a server's mistake; its status still counts.
    let info = (error as? RPCError).flatMap { error in
      (try? error.unpackGoogleRPCStatus())?.details.compactMap(\.errorInfo).first { $0.domain == errorDomain }
    }
    if let error = error as? RPCError, let info {
      self.init(error, info, address: address)
      return
    }
    let failure = ProgLogError(error, address: address, wasOpened: wasOpened, requested: nil, timeout: timeout)
    guard wasOpened, changes else {
      self = .failed(failure)
      return
    }
    switch failure {
    case .unavailable(_, let cause): self = .outcomeUnknown(address: address, cause: cause)
    case .deadlineExceeded: self = .outcomeUnknown(address: address, cause: "no answer within \(timeout)")
    case .server(let error) where Self.openCodes.contains(error.code):
      self = .outcomeUnknown(address: address, cause: "\(error.code): \(error.message)")
    case .protocolViolation(let what): self = .outcomeUnknown(address: address, cause: "the answer is wrong: \(what)")
    default: self = .failed(failure)
    }
  }

  /// Statuses that a transport makes up itself, or that a server may send when the deed is done.
  private static let openCodes: Set = ["CANCELLED", "UNKNOWN", "ABORTED", "INTERNAL", "DATA_LOSS"]

  private init(_ error: RPCError, _ info: ErrorDetails.ErrorInfo, address: String) {
    let reason = AdminReason(rawValue: info.reason)
    switch reason {
    case .notLeader:
      let leader = info.metadata[AdminMetadata.leaderID].map { name in
        LeaderHint(name: name, address: info.metadata[AdminMetadata.leaderAddress])
      }
      self = .notLeader(address: address, leader: leader)
    case .lostLeadership: self = .outcomeUnknown(address: address, cause: error.message)
    default:
      self = .refused(
        Refusal(
          address: address, reason: reason, code: ProgLogError.name(of: error.code), message: error.message,
          metadata: info.metadata))
    }
  }
}
