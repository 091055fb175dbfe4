import ProgLogClient

/// Exit codes, a promise to scripts. Usage errors exit with ArgumentParser's 64 (EX_USAGE of sysexits.h).
enum FailureCode: Int32, CaseIterable {
  case other = 1
  case unreachable = 3
  case outOfRange = 4
  case outcomeUnknown = 5
  case notWorking = 6

  init(_ error: any Error) {
    switch error as? AdminError {
    case .outcomeUnknown:
      self = .outcomeUnknown
      return
    case .failed(let cause):
      self.init(cause)
      return
    case .refused, .notLeader, nil: break
    }
    switch error as? ProgLogError {
    case .unreachable, .unavailable, .deadlineExceeded: self = .unreachable
    case .outOfRange: self = .outOfRange
    case .outcomeUnknown: self = .outcomeUnknown
    case .producerFailed(let failure): self = failure.recordsInDoubt > 0 ? .outcomeUnknown : .other
    case .invalidAddress, .invalidTLS, .notLeader, .closed, .server, .protocolViolation, nil: self = .other
    }
  }

  private var meaning: String {
    switch self {
    case .other: "failed or refused"
    case .unreachable: "no server reached, or no answer in time"
    case .outOfRange: "offset out of range"
    case .outcomeUnknown: "answer lost, it may be done"
    case .notWorking: "the cluster has no leader or no quorum"
    }
  }

  static var summary: String {
    (["0 done"] + self.allCases.map { "\($0.rawValue) \($0.meaning)" } + ["64 wrong usage"]).joined(separator: "; ")
  }
}
