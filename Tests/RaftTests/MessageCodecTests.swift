import CommitLog
import NIOCore
import TestSupport
import Testing

@testable import Raft

@Suite("Raft: messages as bytes")
struct MessageCodecTests {
  private static let codec = MessageCodec(maximumFrameBytes: 1 << 20)
  private static let entry = EntryID(index: LogIndex(7), term: Term(3))
  private static let batches = ["one", "two"].enumerated().map { number, value in
    RecordBatch.record(value).stamped(
      index: LogIndex(UInt64(8 + number)), term: Term(4), baseOffset: Offset(UInt64(5 + number)),
      appendTime: Timestamp(microseconds: 1))
  }
  private static let configuration = Configuration(
    clusterID: "cluster",
    members: [Member(peer: TestCluster.peer("a"), address: "a:8400", role: .voter)])

  static let messages: [Message] = [
    .voteRequest(VoteRequest(term: Term(5), last: entry, isPreVote: true, isTransfer: false)),
    .voteRequest(VoteRequest(term: Term(5), last: entry, isPreVote: false, isTransfer: true)),
    .voteResponse(VoteResponse(term: Term(5), isPreVote: true, isGranted: true)),
    .voteResponse(VoteResponse(term: Term(5), isPreVote: false, isGranted: false)),
    .appendRequest(AppendRequest(term: Term(5), previous: entry, commitIndex: LogIndex(6), batches: [])),
    .appendRequest(AppendRequest(term: Term(5), previous: entry, commitIndex: LogIndex(6), batches: batches)),
    .appendResponse(
      AppendResponse(
        term: Term(5), result: .accepted(matched: LogIndex(9), flushed: FlushedIndex(received: LogIndex(8))))),
    .appendResponse(AppendResponse(term: Term(5), result: .rejected(previous: LogIndex(9), hint: entry))),
    .appendResponse(AppendResponse(term: Term(5), result: .staleTerm)),
    .heartbeat(Heartbeat(term: Term(5), commitIndex: LogIndex(6), round: 12)),
    .heartbeatResponse(HeartbeatResponse(term: Term(5), round: 12)),
    .snapshot(
      InstallSnapshot(
        term: Term(5),
        snapshot: Snapshot(
          start: LogEnd(nextIndex: LogIndex(100), nextOffset: Offset(90), lastTerm: Term(4)),
          configuration: ConfigurationHistory.Entry(index: LogIndex(1), configuration: configuration),
          state: ByteBuffer(string: "state")))),
    .timeoutNow(TimeoutNow(term: Term(5))),
    .readIndexRequest(ReadIndexRequest(term: Term(5), id: .max)),
    .readIndexResponse(ReadIndexResponse(term: Term(5), id: 3, index: LogIndex(8))),
    .readIndexResponse(ReadIndexResponse(term: Term(5), id: 3, index: nil)),
  ]

  private func bytes(_ message: Message) -> ByteBuffer {
    var bytes = ByteBuffer()
    for buffer in Self.codec.encode(message) { bytes.writeImmutableBuffer(buffer) }
    return bytes
  }

  @Test("each comes back as it was, whole frames only, one after the other", arguments: messages)
  func roundTrip(message: Message) throws {
    let encoded = bytes(message)
    for length in 0..<encoded.readableBytes {
      var part = try #require(encoded.getSlice(at: 0, length: length))
      #expect(try Self.codec.decode(&part) == nil)
      #expect(part.readableBytes == length)
    }
    var twice = encoded
    twice.writeImmutableBuffer(encoded)
    #expect(try Self.codec.decode(&twice) == message)
    #expect(try Self.codec.decode(&twice) == message)
    #expect(twice.readableBytes == 0)
  }

  @Test("they are the bytes of version 1, which nodes of that version read and write")
  func golden() throws {
    try GoldenLines("messages-1.txt").check(Self.messages.map { Array(bytes($0).readableBytesView) })
  }

  @Test("a flipped bit is an error, wherever it is", arguments: messages)
  func damage(message: Message) throws {
    let encoded = bytes(message)
    for position in 4..<encoded.readableBytes {
      for bit in 0..<8 {
        var damaged = encoded
        let byte = try #require(damaged.getInteger(at: position, as: UInt8.self))
        damaged.setInteger(byte ^ (1 << bit), at: position)
        #expect(throws: MessageCodec.DecodingError.self, "byte \(position) bit \(bit)") {
          try Self.codec.decode(&damaged)
        }
      }
    }
  }

  @Test("a frame that is too long is refused by its length alone")
  func length() {
    for length: UInt32 in [0, 4, 1 << 20 + 1, .max] {
      var bytes = ByteBuffer()
      bytes.writeInteger(length, endianness: .little)
      #expect(throws: MessageCodec.DecodingError.self) { try Self.codec.decode(&bytes) }
    }
  }

  @Test("in one buffer, behind what is there, it is the same", arguments: messages)
  func oneBuffer(message: Message) throws {
    var buffer = ByteBuffer(string: "before")
    Self.codec.encode(message, into: &buffer)
    #expect(buffer.readString(length: 6) == "before")
    #expect(buffer == bytes(message))
  }

  @Test("a decoded batch shares the bytes that were read only while they are not more than twice its own")
  func pinned() throws {
    let large = RecordBatch.record(String(repeating: "x", count: 1_500)).stamped(
      index: LogIndex(8), term: Term(4), baseOffset: Offset(5), appendTime: Timestamp(microseconds: 1))
    for (batches, shares) in [(Self.batches, [false, false]), ([large], [true])] {
      let request = AppendRequest(term: Term(5), previous: Self.entry, commitIndex: LogIndex(6), batches: batches)
      var encoded = bytes(.appendRequest(request))
      encoded.reserveCapacity(1_800)
      let read = encoded.storageCapacity
      guard case .appendRequest(let decoded) = try Self.codec.decode(&encoded) else {
        Issue.record("no append")
        return
      }
      #expect(decoded.batches == batches)
      #expect(decoded.batches.map { $0.buffer.storageCapacity == read } == shares)
      for batch in decoded.batches { #expect(batch.buffer.storageCapacity <= 2 * batch.byteCount) }
    }
  }

  @Test("batches are not copied")
  func shared() {
    let buffers = Self.codec.encode(
      .appendRequest(
        AppendRequest(term: Term(5), previous: Self.entry, commitIndex: LogIndex(0), batches: Self.batches)))
    #expect(buffers.dropFirst() == Self.batches.map(\.buffer)[...])
  }
}
