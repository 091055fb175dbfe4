package import ProgLogAPI

/// Why a call of the admin API failed. The description is one line for a person and says what to do.
///
/// A cancelled task throws `CancellationError` instead.
package enum AdminError: Error, Sendable, Hashable {
  /// What a node refused, and so is as it was.
  package struct Refusal: Sendable, Hashable {
    package var address: String
    /// `nil` for a refusal that is none of the admin API's own, and for one that this program does not know.
    package var reason: AdminReason?
    /// gRPC's name of the status, such as `NOT_FOUND`.
    package var code: String
    /// What the node says, which tells what to do.
    package var message: String
    package var metadata: [String: String]

    package init(
      address: String, reason: AdminReason?, code: String, message: String, metadata: [String: String] = [:]
    ) {
      self.address = address
      self.reason = reason
      self.code = code
      self.message = message
      self.metadata = metadata
    }
  }

  /// A leader as a node that does not lead names it.
  package struct LeaderHint: Sendable, Hashable {
    package var name: String
    /// `HOST:PORT`.
    package var address: String?

    package init(name: String, address: String?) {
      self.name = name
      self.address = address
    }
  }

  case refused(Refusal)
  /// Another node leads: that one, where the node that was asked knows it.
  case notLeader(address: String, leader: LeaderHint?)
  /// What was asked for may have been done.
  case outcomeUnknown(address: String, cause: String)
  /// It was not done: nothing could be sent, or nothing was to be changed, or the server knows no such call.
  case failed(ProgLogError)
}

extension AdminError {
  package var reason: AdminReason? {
    switch self {
    case .refused(let refusal): refusal.reason
    case .notLeader: .notLeader
    case .outcomeUnknown, .failed: nil
    }
  }

  /// Whether the same call may be made again, there or at another node, and may fare better by itself.
  package var mayPass: Bool {
    switch self {
    case .notLeader: true
    case .refused(let refusal): refusal.reason == .changeInProgress || refusal.reason == .transferring
    case .outcomeUnknown: false
    case .failed(let error):
      switch error {
      case .unreachable, .unavailable, .deadlineExceeded: true
      default: false
      }
    }
  }
}

extension AdminError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .refused(let refusal): "\(refusal.address) refused: \(refusal.message)"
    case .notLeader(let address, let leader?):
      "\(address) is not the leader: ask \(leader.name)\(leader.address.map { " at \($0)" } ?? "")"
    case .notLeader(let address, nil):
      "\(address) is not the leader and knows of none: look at 'logctl cluster status'"
    case .outcomeUnknown(let address, let cause):
      "it may or may not have been done: \(address): \(cause): look at 'logctl cluster status' before trying again"
    case .failed(let error): error.description
    }
  }
}
