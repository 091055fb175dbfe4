import NIOCore
import Raft

/// Two nodes talk over two connections each way, so that a heartbeat never queues behind data.
enum PeerLane: UInt8, CaseIterable, Sendable {
  /// Everything that is small: heartbeats, votes, answers, reads, and the question whether logs match.
  case control = 0
  /// Entries and the starts of logs.
  case data = 1

  init(for message: Message) {
    self =
      switch message {
      case .appendRequest(let request): request.batches.isEmpty ? .control : .data
      case .snapshot: .data
      default: .control
      }
  }

  var name: String {
    switch self {
    case .control: "control"
    case .data: "data"
    }
  }

  /// What a frame of the control lane has at most, in bytes; its messages take some dozens.
  static let maximumControlFrameBytes = 1 << 10
}
