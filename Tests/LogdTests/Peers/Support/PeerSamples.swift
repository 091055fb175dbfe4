import CommitLog
import NIOCore

@testable import Logd
@testable import Raft

/// Peers and messages for tests.
enum PeerSamples {
  static func peer(_ name: String, life: UInt64 = 1) -> Peer {
    Peer(id: NodeID(name), incarnation: LogIncarnation(high: life, low: 7))
  }

  static func member(_ name: String, life: UInt64 = 1, at address: String = "127.0.0.1:1") -> Member {
    Member(peer: peer(name, life: life), address: address, role: .voter)
  }

  static func hello(
    cluster: String? = "c", from sender: Peer = peer("a"), to receiver: Peer = peer("b"), lane: PeerLane = .control
  ) -> Hello {
    Hello(clusterID: cluster, sender: sender, address: "a.example:8400", receiver: receiver, lane: lane)
  }

  static func heartbeat(_ round: UInt64) -> Message {
    .heartbeat(Heartbeat(term: Term(5), commitIndex: LogIndex(6), round: round))
  }

  /// Entries with values of that many bytes.
  static func append(_ sizes: [Int], at index: UInt64 = 8) -> Message {
    let batches = sizes.enumerated().map { number, size in
      var builder = RecordBatch.Builder()
      builder.append(ByteBuffer(repeating: UInt8(truncatingIfNeeded: number), count: size), timestamp: Timestamp.now)
      return builder.finish().stamped(
        index: LogIndex(index + UInt64(number)), term: Term(4), baseOffset: Offset(index + UInt64(number)),
        appendTime: Timestamp(microseconds: 1))
    }
    return .appendRequest(
      AppendRequest(
        term: Term(5), previous: EntryID(index: LogIndex(index - 1), term: Term(4)), commitIndex: LogIndex(6),
        batches: batches))
  }

  private static let entry = EntryID(index: LogIndex(7), term: Term(3))

  /// Each kind, small and large.
  static let messages: [Message] = [
    .voteRequest(VoteRequest(term: Term(5), last: entry, isPreVote: true, isTransfer: false)),
    .voteResponse(VoteResponse(term: Term(5), isPreVote: false, isGranted: true)),
    append([]), append([10]), append([100_000]), append([1, 2, 3_000_000, 4]),
    append(Array(repeating: 2_000, count: 300)),
    .appendResponse(
      AppendResponse(
        term: Term(5), result: .accepted(matched: LogIndex(9), flushed: FlushedIndex(received: LogIndex(8))))),
    .appendResponse(AppendResponse(term: Term(5), result: .rejected(previous: LogIndex(9), hint: entry))),
    .appendResponse(AppendResponse(term: Term(5), result: .staleTerm)),
    heartbeat(12), .heartbeatResponse(HeartbeatResponse(term: Term(5), round: 12)),
    .snapshot(
      InstallSnapshot(
        term: Term(5),
        snapshot: Snapshot(
          start: LogEnd(nextIndex: LogIndex(100), nextOffset: Offset(90), lastTerm: Term(4)),
          configuration: ConfigurationHistory.Entry(
            index: LogIndex(1), configuration: Raft.Configuration(clusterID: "c", members: [member("a")])),
          state: ByteBuffer(repeating: 7, count: 500_000)))),
    .timeoutNow(TimeoutNow(term: Term(5))), .readIndexRequest(ReadIndexRequest(term: Term(5), id: .max)),
    .readIndexResponse(ReadIndexResponse(term: Term(5), id: 3, index: LogIndex(8))),
  ]

  static func bytes(_ message: Message) -> ByteBuffer {
    var bytes = ByteBuffer()
    MessageCodec(maximumFrameBytes: .max).encode(message, into: &bytes)
    return bytes
  }
}
