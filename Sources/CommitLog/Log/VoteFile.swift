import NIOCore

/// The file `vote`: what a node must not forget besides its log. What it means is the consensus' business; here it is bytes.
///
/// Two slots, each in a block of its own, have the same state: the first is written and synced, then the second. A write that was
/// torn leaves the other whole, and so does damage later: with one copy, a damaged newest state could not be told from a torn
/// one, and a vote would be forgotten.
struct VoteFile {
  static let name = "vote"
  /// The page of the page cache and the block of most file systems: what is written and torn as one.
  static let slotBytes = 4096
  static let maximumContentBytes = slotBytes - headerBytes
  static let headerBytes = 20
  /// "PLV" and the format version.
  fileprivate static let magic: UInt32 = 0x01_56_4C_50

  private let file: any File
  private let seed: UInt32
  private var sequence: UInt64
  private(set) var content: ByteBuffer

  struct Slot: Equatable {
    var sequence: UInt64
    var content: ByteBuffer

    func encoded(seed: UInt32) -> ByteBuffer {
      var buffer = ByteBuffer()
      buffer.writeMultipleIntegers(
        VoteFile.magic, UInt32(0), sequence, UInt32(content.readableBytes), endianness: .little)
      buffer.writeImmutableBuffer(content)
      buffer.writeRepeatingByte(0, count: VoteFile.slotBytes - buffer.readableBytes)
      buffer.setInteger(Checksummed.checksum(of: buffer, seed: seed), at: Checksummed.position, endianness: .little)
      return buffer
    }

    static func decode(_ source: ByteBuffer, seed: UInt32) -> Result<Slot, DecodingFailure> {
      if let failure = Checksummed.check(source, magic: magic, minimumBytes: slotBytes, seed: seed) {
        return .failure(failure)
      }
      var buffer = source
      buffer.moveReaderIndex(forwardBy: 8)
      guard let (sequence, length) = buffer.readMultipleIntegers(endianness: .little, as: (UInt64, UInt32).self),
        length <= maximumContentBytes, let content = buffer.readSlice(length: Int(length))
      else { return .failure(DecodingFailure("has an impossible length")) }
      return .success(Slot(sequence: sequence, content: content))
    }
  }

  /// Nothing is saved yet.
  static func create(in directory: Directory, incarnation: LogIncarnation) throws(LogError) {
    let seed = incarnation.checksumSeed
    let slot = Slot(sequence: 0, content: ByteBuffer()).encoded(seed: seed)
    _ = try directory.create(name, content: [slot, slot])
  }

  init(in directory: Directory, incarnation: LogIncarnation, _ mode: FileMode = .existing) throws(LogError) {
    guard directory.has(Self.name) else {
      throw .damaged(
        file: directory.path(of: Self.name), position: FilePosition(0),
        what:
          "it is missing: nobody knows for whom this node voted. Remove it from the cluster and add it with an empty directory"
      )
    }
    file = try directory.open(Self.name, mode)
    seed = incarnation.checksumSeed
    var slots: [Slot] = []
    var failure: DecodingFailure?
    for position in Self.positions {
      switch Slot.decode(try file.read(at: position, count: Self.slotBytes), seed: seed) {
      case .success(let slot): slots.append(slot)
      case .failure(let reason): failure = reason
      }
    }
    guard let newest = slots.max(by: { $0.sequence < $1.sequence }) else {
      throw .damaged(
        file: file.path, position: FilePosition(0),
        what: "neither of its slots can be read: the second \(failure?.what ?? "")")
    }
    sequence = newest.sequence
    content = newest.content
  }

  /// Makes what was found durable, in both slots. Processes that were killed may have left it in the page cache alone, and after a
  /// sync that failed it looks clean there: written again it is dirty for sure.
  ///
  /// - Returns: whether the slots were not the same: a save was interrupted, or one of them is damaged.
  func heal() throws(LogError) -> Bool {
    let slot = Slot(sequence: sequence, content: content)
    var isHealed = false
    for position in Self.positions {
      let bytes = try file.read(at: position, count: Self.slotBytes)
      if case .success(slot) = Slot.decode(bytes, seed: seed) {} else { isHealed = true }
      try write(slot, at: position)
    }
    return isHealed
  }

  /// Durable on return. After an error the slots may hold either state, so nothing may rest on the file any more.
  mutating func save(_ newContent: ByteBuffer) throws(LogError) {
    precondition(
      newContent.readableBytes <= Self.maximumContentBytes, "a vote of \(newContent.readableBytes) bytes")
    let slot = Slot(sequence: sequence + 1, content: newContent)
    for position in Self.positions { try write(slot, at: position) }
    sequence = slot.sequence
    content = newContent
  }

  private func write(_ slot: Slot, at position: UInt64) throws(LogError) {
    try file.write([slot.encoded(seed: seed)], at: position)
    try file.sync()
  }

  private static let positions = [0, UInt64(slotBytes)]
}
