import FuzzSupport
import NIOCore

@testable import CommitLog

// The structures of fixed size. The first byte of an input says whether the checksum is put right before.
extension FuzzTarget {
  static let storeHeader = FuzzTarget(
    "store-header", maximumBytes: 256,
    seeds: {
      let first = Samples.storeHeader(previous: nil)
      let second = Samples.storeHeader(previous: StoreHeader.SealedSegment(base: LogIndex(1), bytes: 4711))
      return [first, second].flatMap { bothWays(Array(buffer: $0.encoded())) }
    },
    run: { input in
      var bytes = Array(input.dropFirst())
      if input.first == 1 { Restamp.checksummed(&bytes) }
      guard case .success(let header) = StoreHeader.decode(ByteBuffer(bytes: bytes)) else { return false }
      guard case .success(header) = StoreHeader.decode(header.encoded()) else {
        throw Violation("\(header) does not decode to itself")
      }
      return true
    })

  static let logMetadata = FuzzTarget(
    "log-metadata", maximumBytes: 512,
    seeds: {
      [nil, "c", String(repeating: "ü", count: 127)].flatMap { clusterID in
        bothWays(Array(buffer: LogMetadata(incarnation: Samples.incarnation, clusterID: clusterID).encoded()))
      }
    },
    run: { input in
      var bytes = Array(input.dropFirst())
      if input.first == 1 { Restamp.checksummed(&bytes) }
      guard case .success(let metadata) = LogMetadata.decode(ByteBuffer(bytes: bytes)) else { return false }
      try require(Array(buffer: metadata.encoded()) == bytes, "\(metadata) does not encode to the bytes it came from")
      try require(metadata.incarnation.description.utf8.count == 36, "an incarnation is not written as a UUID")
      return true
    })

  static let cutIntent = FuzzTarget(
    "cut-intent", maximumBytes: 64,
    seeds: {
      [80, 4711, UInt64(UInt32.max)].flatMap { position in
        let intent = CutIntent(
          incarnation: Samples.incarnation, base: LogIndex(position - 79), position: FilePosition(position))
        return bothWays(Array(buffer: intent.encoded()))
      }
    },
    run: { input in
      var bytes = Array(input.dropFirst())
      if input.first == 1 { Restamp.checksummed(&bytes) }
      guard case .success(let intent) = CutIntent.decode(ByteBuffer(bytes: bytes)) else { return false }
      try require(Array(buffer: intent.encoded()) == bytes, "\(intent) does not encode to the bytes it came from")
      return true
    })

  static let resetIntent = FuzzTarget(
    "reset-intent", maximumBytes: 512,
    seeds: {
      var state = DerivedState()
      let batch = RecordBatch.noOperation(timestamp: Samples.time).stamped(
        index: LogIndex(1), term: Term(3), baseOffset: Offset(0), appendTime: Samples.time)
      let start = Samples.begin
      let empty = ResetIntent(incarnation: Samples.incarnation, start: start, state: state)
      state.apply(batch)
      let other = ResetIntent(incarnation: Samples.incarnation, start: start.after(batch), state: state)
      return [empty, other].flatMap { bothWays(Array(buffer: $0.encoded())) }
    },
    run: { input in
      var bytes = Array(input.dropFirst())
      if input.first == 1 { Restamp.checksummed(&bytes) }
      guard case .success(let intent) = ResetIntent.decode(ByteBuffer(bytes: bytes)) else { return false }
      guard case .success(let again) = ResetIntent.decode(intent.encoded()) else {
        throw Violation("\(intent) does not decode again")
      }
      try require(again.start == intent.start && again.state == intent.state, "\(intent) decodes to \(again)")
      return true
    })

  /// The bytes behind the slot's header are most of it and mean nothing here: a shorter input is filled up with zeros.
  static let voteSlot = FuzzTarget(
    "vote-slot", maximumBytes: 512,
    seeds: {
      [VoteFile.Slot(sequence: 0, content: ByteBuffer()), VoteFile.Slot(sequence: 7, content: ByteBuffer(string: "a"))]
        .flatMap { bothWays(Array($0.encoded(seed: Samples.incarnation.checksumSeed).readableBytesView.prefix(64))) }
    },
    run: { input in
      let seed = Samples.incarnation.checksumSeed
      var bytes = Array(input.dropFirst())
      bytes += [UInt8](repeating: 0, count: max(0, VoteFile.slotBytes - bytes.count))
      if input.first == 1 { Restamp.checksummed(&bytes, length: VoteFile.slotBytes, seed: seed) }
      guard case .success(let slot) = VoteFile.Slot.decode(ByteBuffer(bytes: bytes), seed: seed) else { return false }
      guard case .success(slot) = VoteFile.Slot.decode(slot.encoded(seed: seed), seed: seed) else {
        throw Violation("\(slot) does not decode to itself")
      }
      return true
    })

  static let syncMark = FuzzTarget(
    "sync-mark", maximumBytes: 64,
    seeds: {
      let mark = SyncMark(position: FilePosition(4711)).encoded(seed: Samples.incarnation.checksumSeed)
      return bothWays(Array(buffer: mark))
    },
    run: { input in
      var bytes = Array(input.dropFirst())
      let seed = Samples.incarnation.checksumSeed
      if input.first == 1 { Restamp.checksummed(&bytes, length: SyncMark.bytes, seed: seed) }
      let source = ByteBuffer(bytes: bytes)
      // A mark holds at its own position only.
      let position = FilePosition(source.getInteger(at: 8, endianness: .little) ?? 0)
      try require(SyncMark(source, at: FilePosition(position.rawValue &+ 1), seed: seed) == nil, "a mark moved")
      guard let mark = SyncMark(source, at: position, seed: seed) else { return false }
      try require(SyncMark(mark.encoded(seed: seed), at: position, seed: seed) == mark, "a mark does not round-trip")
      try require(SyncMark(source, at: position, seed: seed ^ 1) == nil, "a mark of another log passes")
      return true
    })

  static let indexEntry = FuzzTarget(
    "index-entry", maximumBytes: 64,
    seeds: {
      var bytes = [UInt8](repeating: 0, count: IndexEntry.bytes)
      let entry = IndexEntry(relativeOffset: 100, relativeIndex: 7, position: 4200, maximumAppendTime: Samples.time)
      bytes.withUnsafeMutableBytes { if let base = $0.baseAddress { entry.store(to: base) } }
      return bothWays(bytes)
    },
    run: { input in
      var bytes = Array(input.dropFirst().prefix(IndexEntry.bytes))
      guard bytes.count == IndexEntry.bytes else { return false }
      if input.first == 1 {
        // The first entry of an index without a header before it.
        var index = [UInt8](repeating: 0, count: Index.headerBytes) + bytes
        Restamp.index(&index)
        bytes = Array(index.suffix(IndexEntry.bytes))
      }
      guard let entry = bytes.withUnsafeBytes({ $0.baseAddress.flatMap { IndexEntry(loadingFrom: $0) } }) else {
        return false
      }
      var stored = [UInt8](repeating: 0, count: IndexEntry.bytes)
      stored.withUnsafeMutableBytes { if let base = $0.baseAddress { entry.store(to: base) } }
      try require(stored == bytes, "\(entry) is not stored as it was loaded")
      return true
    })

  /// The state at a segment's start, which a store file has behind its header.
  static let checkpoint = FuzzTarget(
    "checkpoint", maximumBytes: 1024,
    seeds: {
      var state = DerivedState()
      var seeds = [Array(buffer: state.encoded())]
      var end = Samples.begin
      for number in 0..<8 {
        var builder = RecordBatch.Builder(
          producer: Producer(id: UInt64(number % 3 + 1), epoch: 1, sequence: UInt64(number)))
        builder.append("x".utf8, timestamp: Samples.time)
        let batch =
          number == 5
          ? RecordBatch(kind: .configuration, payload: ByteBuffer(string: "members"), timestamp: Samples.time)
          : builder.finish()
        let stamped = batch.stamped(
          index: end.nextIndex, term: Term(1), baseOffset: end.nextOffset, appendTime: Samples.time)
        end = end.after(stamped)
        state.apply(stamped)
        seeds.append(Array(buffer: state.encoded()))
      }
      return seeds
    },
    run: { input in
      guard let state = DerivedState(decoding: ByteBuffer(bytes: input), maximumAppendTime: Samples.time) else {
        return false
      }
      let encoded = state.encoded()
      try require(encoded.readableBytes <= DerivedState.maximumEncodedBytes, "\(encoded.readableBytes) bytes of state")
      try require(
        DerivedState(decoding: encoded, maximumAppendTime: Samples.time) == state, "a state does not decode to itself")
      return true
    })

  /// A valid encoding as it is, and marked to get its checksum anew.
  private static func bothWays(_ bytes: [UInt8]) -> [[UInt8]] { [[0] + bytes, [1] + bytes] }
}
