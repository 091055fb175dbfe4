import TestSupport

/// One file: what the page cache has, what is on the platter, and everything in between that a loss of power may leave.
///
/// The model, sector by sector (512 bytes, which a disk writes whole or not at all):
/// - The kernel writes a dirty sector back whenever it likes. Of an unsynced sector any content that it has had since the
///   last sync may be on the platter, or the one of that sync, each sector on its own: torn within a write, reordered among
///   writes.
/// - Changes of length are journaled: those of one file become durable in order. A growth may be found half done.
/// - A cut frees the blocks (4096 bytes) behind the new end. A journaling file system never shows their old content once the
///   cut is durable. While it is not, the old content is still there; what was written after the cut went to other blocks,
///   except in the last one, which is overwritten in place.
/// - A cut zeroes what is behind the new end in the last block, as ext4 (`ext4_block_truncate_page`) and XFS
///   (`xfs_truncate_page`) do in the page cache. These zeros are a write like any other: they may reach the platter long before
///   the new length, which may never come. That the length has come without them is not modelled: both file systems write the
///   zeros first.
/// - A sector that was allocated and never written reads as zeros, and sometimes as garbage: more than ext4 and XFS do.
/// - A failed sync marks every dirty sector clean, written or not (the PostgreSQL fsync bug of 2018): the page cache goes on
///   to show what the platter lacks, and the next sync succeeds without writing it.
struct FileImage: Sendable {
  static let sectorBytes = 512
  static let blockBytes = 4096

  /// The page cache.
  private(set) var bytes: [UInt8] = []
  /// The platter, as of the last sync.
  private(set) var durable: [UInt8] = []
  /// The length as of the last sync, and after each change since.
  private var lengths = [0]
  private var versions: [Int: [Version]] = [:]
  /// A sync has failed: page cache and platter differ where nothing is dirty.
  private var hasLostPages = false

  /// What a sector held after a write.
  private struct Version: Sendable {
    /// Place in `lengths` at the time.
    let change: Int
    let content: [UInt8]
  }

  init() {}

  /// A file that is on the platter like this.
  init(durable bytes: [UInt8]) {
    self.bytes = bytes
    durable = bytes
    lengths = [bytes.count]
  }

  var isClean: Bool { lengths.count == 1 && versions.isEmpty }

  // MARK: Changes

  mutating func write(_ content: ArraySlice<UInt8>, at position: Int) {
    guard !content.isEmpty else { return }
    let end = position + content.count
    grow(to: end)
    bytes.replaceSubrange(position..<end, with: content)
    noteContent(of: position..<end)
  }

  /// The sectors of these bytes have become dirty. What is behind the end of the file is zero in them.
  private mutating func noteContent(of range: Range<Int>) {
    guard !range.isEmpty else { return }
    for sector in range.lowerBound / Self.sectorBytes...(range.upperBound - 1) / Self.sectorBytes {
      let start = min(sector * Self.sectorBytes, bytes.count)
      let version = Version(
        change: lengths.count - 1, content: Array(bytes[start..<min(start + Self.sectorBytes, bytes.count)]))
      versions[sector, default: []].append(version)
    }
  }

  mutating func grow(to length: Int) {
    guard length > bytes.count else { return }
    bytes.append(contentsOf: repeatElement(0, count: length - bytes.count))
    lengths.append(length)
  }

  mutating func truncate(to length: Int) {
    guard length < bytes.count else { return grow(to: length) }
    let oldLength = bytes.count
    bytes.removeLast(oldLength - length)
    lengths.append(length)
    let blockEnd = (length + Self.blockBytes - 1) / Self.blockBytes * Self.blockBytes
    noteContent(of: length..<min(blockEnd, oldLength))
  }

  mutating func sync() {
    if hasLostPages {
      // Only what became dirty since is written.
      var keepAll = CrashOutcome(keeping: .everything, seed: 0)
      durable = settled(at: lengths.count - 1, length: bytes.count, &keepAll)
      hasLostPages = durable != bytes
    } else {
      durable = bytes
    }
    lengths = [durable.count]
    versions = [:]
  }

  mutating func failSync(_ outcome: inout CrashOutcome) {
    guard !isClean else { return }
    durable = crashed(&outcome).durable
    lengths = durable.count == bytes.count ? [bytes.count] : [durable.count, bytes.count]
    versions = [:]
    hasLostPages = true
  }

  /// Bit rot, at rest: in what the platter has, and in the page cache, which read it from there.
  mutating func flip(bit: Int, ofByte position: Int) {
    bytes[position] ^= 1 << UInt8(bit)
    if position < durable.count { durable[position] ^= 1 << UInt8(bit) }
  }

  // MARK: Crashes

  /// What may be found after a loss of power.
  func crashed(_ outcome: inout CrashOutcome) -> FileImage {
    guard !isClean else { return FileImage(durable: durable) }
    let change = outcome.choice(of: lengths.count)
    var length = lengths[change]
    if change + 1 < lengths.count, lengths[change + 1] > length, outcome.isTorn {
      length = outcome.number(in: length...lengths[change + 1])
    }
    return FileImage(durable: settled(at: change, length: length, &outcome))
  }

  /// The platter when the length has come as far as `lengths[change]`.
  private func settled(at change: Int, length: Int, _ outcome: inout CrashOutcome) -> [UInt8] {
    var found = Array(durable.prefix(length))
    found.append(contentsOf: repeatElement(0, count: length - found.count))
    let hasCuts = zip(lengths, lengths.dropFirst()).contains { $0 > $1 }
    var start = 0
    while start < length {
      let sector = start / Self.sectorBytes
      if hasCuts || start >= durable.count || versions[sector] != nil {
        let content = content(ofSector: sector, at: change, &outcome)
        let end = min(start + Self.sectorBytes, length)
        found.replaceSubrange(start..<end, with: content.prefix(end - start))
      }
      start += Self.sectorBytes
    }
    return found
  }

  private func content(ofSector sector: Int, at change: Int, _ outcome: inout CrashOutcome) -> [UInt8] {
    let start = sector * Self.sectorBytes
    var candidates: [Version] = []
    if start < durable.count {
      let end = min(start + Self.sectorBytes, durable.count)
      candidates.append(Version(change: 0, content: Array(durable[start..<end])))
    } else {
      candidates.append(Version(change: change, content: outcome.unwrittenSector(bytes: Self.sectorBytes)))
    }
    for version in versions[sector] ?? [] where !isElsewhere(version, sector: sector, at: change) {
      candidates.append(version)
    }
    let chosen = candidates[outcome.choice(of: candidates.count)]
    var content = chosen.content
    content.append(contentsOf: repeatElement(0, count: Self.sectorBytes - content.count))
    for cut in cuts(after: chosen.change, through: change) {
      let kept = min(max(0, lengths[cut] - start), Self.sectorBytes)
      content.replaceSubrange(kept..., with: repeatElement(0, count: Self.sectorBytes - kept))
    }
    return content
  }

  /// Whether it was written to a block that the file only got after a cut which is not durable.
  private func isElsewhere(_ version: Version, sector: Int, at change: Int) -> Bool {
    cuts(after: change, through: version.change).contains { cut in
      let firstFreed = (lengths[cut] + Self.blockBytes - 1) / Self.blockBytes * Self.blockBytes
      return firstFreed <= sector * Self.sectorBytes
    }
  }

  private func cuts(after first: Int, through last: Int) -> [Int] {
    guard first < last else { return [] }
    return (first + 1...last).filter { lengths[$0] < lengths[$0 - 1] }
  }
}
