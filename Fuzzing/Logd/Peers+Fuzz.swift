import CommitLog
import FuzzSupport
import NIOCore

@testable import Logd
@testable import Raft

extension FuzzTarget {
  /// The first byte: bit 0 puts the checksum right, bit 1 takes the rest for an answer, else it is a hello.
  static let peerGreeting = FuzzTarget(
    "peer-greeting", maximumBytes: 1200,
    seeds: {
      let hellos = [
        Hello(clusterID: "c", sender: peer("a", 1), address: "a:8400", receiver: peer("b", 2), lane: .control),
        Hello(clusterID: nil, sender: peer("ä", .max), address: "", receiver: peer("b", 0), lane: .data),
      ]
      let answers = ([nil] + HelloRefusal.allCases).map {
        HelloAnswer(refusal: $0, clusterID: $0 == .noCluster ? nil : "c", peer: peer("b", 2))
      }
      return hellos.map { [0] + Array(buffer: HelloCodec.encode($0)) }
        + answers.map { [2] + Array(buffer: HelloCodec.encode($0)) }
    },
    dictionary: ["PLH", "PLA"],
    run: { input in
      var bytes = Array(input.dropFirst())
      let choice = input.first ?? 0
      if choice & 1 != 0 { fixChecksum(of: &bytes, covering: bytes.count) }
      let buffer = ByteBuffer(bytes: bytes)
      return choice & 2 != 0
        ? try check(buffer, HelloCodec.decodeAnswer, HelloCodec.encode)
        : try check(buffer, HelloCodec.decodeHello, HelloCodec.encode)
    })

  private static func check<Contents: Hashable>(
    _ input: ByteBuffer, _ decode: (inout ByteBuffer) throws -> Greeting<Contents>?, _ encode: (Contents) -> ByteBuffer
  ) throws -> Bool {
    var rest = input
    do {
      guard let greeting = try decode(&rest) else {
        try require(rest == input, "an incomplete greeting takes bytes")
        try require(input.readableBytes < 4 + HelloCodec.maximumBytes, "\(input.readableBytes) bytes are not enough")
        return false
      }
      let taken = input.readableBytes - rest.readableBytes
      try require(taken <= 4 + HelloCodec.maximumBytes, "a greeting of \(taken) bytes is over the limit")
      guard case .known(let contents) = greeting else { return false }
      try require(
        input.getSlice(at: 0, length: taken) == encode(contents), "\(contents) does not encode to what it was read from"
      )
      return true
    } catch let error as HelloCodec.DecodingError {
      try require(!error.description.isEmpty, "an error without a text")
      return false
    }
  }

  /// Frames as reads bring them. The first byte puts the checksum of the first frame right when it is odd, the next
  /// four cut.
  static let peerFrames = FuzzTarget(
    "peer-frames", maximumBytes: 1024,
    seeds: {
      let frames = messages.map { message in
        var bytes = ByteBuffer()
        codec.encode(message, into: &bytes)
        return Array(buffer: bytes)
      }
      return frames.map { [0, 0, 0, 0, 0] + $0 } + [[0, 3, 100, 7, 1] + frames.flatMap(\.self).prefix(1000)]
    },
    run: { input in
      var choices = FuzzInput(input)
      let fixes = choices.byte() & 1 != 0
      var cuts = FuzzInput(choices.take(4))
      var bytes = choices.rest()
      if fixes { fixChecksum(of: &bytes, covering: headEnd(of: bytes)) }
      let whole = try outcome(of: [bytes])
      let pieces = cuts.pieces(of: bytes, cuts: 4)
      try require(try outcome(of: pieces) == whole, "cut into \(pieces.map(\.count)), the frames are others")
      try require(try outcome(of: bytes.map { [$0] }) == whole, "byte by byte the frames are others")
      return !whole.messages.isEmpty
    })

  private struct Outcome: Equatable {
    var messages: [Message] = []
    var failed = false
  }

  private static let codec = MessageCodec(maximumFrameBytes: 600)

  private static func outcome(of pieces: [[UInt8]]) throws -> Outcome {
    var assembler = FrameAssembler(maximumFrameBytes: codec.maximumFrameBytes)
    var outcome = Outcome()
    do {
      for piece in pieces {
        assembler.append(ByteBuffer(bytes: piece))
        while let frame = try assembler.next() { outcome.messages.append(try message(in: frame)) }
        try require(
          assembler.partialBytes < 4 + codec.maximumFrameBytes, "\(assembler.partialBytes) bytes are no frame")
      }
    } catch is FrameAssembler.LengthError {
      outcome.failed = true
    } catch is MessageCodec.DecodingError {
      outcome.failed = true
    }
    return outcome
  }

  private static func message(in frame: ByteBuffer) throws -> Message {
    try require(frame.readableBytes <= 4 + codec.maximumFrameBytes, "a frame is over the limit")
    var rest = frame
    guard let message = try codec.decode(&rest) else { throw Violation("a whole frame is not enough") }
    try require(rest.readableBytes == 0, "a frame holds more than one")
    var encoded = ByteBuffer()
    codec.encode(message, into: &encoded)
    try require(encoded == frame, "\(message) does not encode to what it was read from")
    try require(
      codec.encode(message).reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) } == frame,
      "\(message) is another frame in several buffers")
    if case .appendRequest(let request) = message {
      for batch in request.batches {
        try require(
          batch.buffer.storageCapacity <= 2 * batch.byteCount, "a batch keeps more alive than twice its bytes")
      }
    }
    return message
  }

  /// Where the head of the first frame ends, which its checksum covers: only an append has more behind it.
  private static func headEnd(of bytes: [UInt8]) -> Int {
    let length = 4 + Int(littleEndian(bytes.prefix(4)))
    let isAppend = bytes.count > 8 && bytes[8] == MessageCodec.Kind.appendRequest.rawValue
    return min(bytes.count, isAppend ? 8 + 1 + 8 + 16 + 8 + 4 : length)
  }

  private static func fixChecksum(of bytes: inout [UInt8], covering end: Int) {
    guard end > 8, end <= bytes.count else { return }
    let checksum = bytes[8..<end].withUnsafeBytes { CRC32C.checksum($0) }
    for byte in 0..<4 { bytes[4 + byte] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(byte))) }
  }

  private static func littleEndian(_ bytes: some Sequence<UInt8>) -> UInt32 {
    bytes.enumerated().reduce(0) { $0 | UInt32($1.element) << (8 * UInt32($1.offset)) }
  }

  private static func peer(_ name: String, _ life: UInt64) -> Peer {
    Peer(id: NodeID(name), incarnation: LogIncarnation(high: life, low: life &+ 1))
  }

  private static let entry = EntryID(index: LogIndex(7), term: Term(3))

  private static func batch(_ index: UInt64, _ value: String) -> RecordBatch {
    var builder = RecordBatch.Builder()
    builder.append(ByteBuffer(string: value), timestamp: Timestamp(microseconds: 5))
    return builder.finish().stamped(
      index: LogIndex(index), term: Term(4), baseOffset: Offset(index), appendTime: Timestamp(microseconds: 6))
  }

  private static func append(_ batches: [RecordBatch]) -> Message {
    .appendRequest(AppendRequest(term: Term(5), previous: entry, commitIndex: LogIndex(6), batches: batches))
  }

  private static let messages: [Message] = [
    .voteRequest(VoteRequest(term: Term(5), last: entry, isPreVote: true, isTransfer: false)),
    .voteResponse(VoteResponse(term: Term(5), isPreVote: false, isGranted: true)),
    append([]), append([batch(8, "one"), batch(9, "two")]), append([batch(8, String(repeating: "x", count: 400))]),
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
          configuration: ConfigurationHistory.Entry(
            index: LogIndex(1),
            configuration: Raft.Configuration(
              clusterID: "c", members: [Member(peer: peer("a", 1), address: "a:1", role: .voter)])),
          state: ByteBuffer(string: "state")))),
    .timeoutNow(TimeoutNow(term: Term(5))), .readIndexRequest(ReadIndexRequest(term: Term(5), id: .max)),
    .readIndexResponse(ReadIndexResponse(term: Term(5), id: 3, index: LogIndex(8))),
    .readIndexResponse(ReadIndexResponse(term: Term(5), id: 3, index: nil)),
  ]
}
