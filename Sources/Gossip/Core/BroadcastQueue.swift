/// Names a message that waits to be gossiped.
struct BroadcastID: Hashable, Sendable {
  fileprivate let number: UInt64
}

/// Messages that are sent along with others, each a limited number of times, the newest first (SWIM §4.1).
struct BroadcastQueue: Sendable {
  private struct Entry: Sendable {
    let id: BroadcastID
    let message: MemberlistMessage
    /// Whom it is about: a newer message about the same member takes its place.
    let subject: MemberName?
    let bytes: Int
    var transmissions = 0

    /// Sent the least often, then the largest, so that small ones fill the packet, then the newest.
    func precedes(_ other: Entry) -> Bool {
      if transmissions != other.transmissions { return transmissions < other.transmissions }
      if bytes != other.bytes { return bytes > other.bytes }
      return id.number > other.id.number
    }
  }

  /// In the order of ``Entry/precedes(_:)``.
  private var entries: [Entry] = []
  private var nextNumber: UInt64 = 0
  private(set) var bytes = 0
  private(set) var dropped = 0
  let maximumBytes: Int

  init(maximumBytes: Int) {
    self.maximumBytes = maximumBytes
  }

  var isEmpty: Bool { entries.isEmpty }
  var count: Int { entries.count }
  var messages: [MemberlistMessage] { entries.map(\.message) }

  func contains(_ id: BroadcastID) -> Bool { entries.contains { $0.id == id } }

  @discardableResult
  mutating func add(_ message: MemberlistMessage, bytes: Int, about subject: MemberName? = nil) -> BroadcastID {
    if let subject, let old = entries.firstIndex(where: { $0.subject == subject }) { remove(at: old) }
    let entry = Entry(id: BroadcastID(number: nextNumber), message: message, subject: subject, bytes: bytes)
    nextNumber += 1
    insert(entry)
    // What was sent the most often has spread the furthest.
    while self.bytes > maximumBytes, !entries.isEmpty {
      remove(at: entries.count - 1)
      dropped += 1
    }
    return entry.id
  }

  private mutating func insert(_ entry: Entry) {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].precedes(entry) { low = middle + 1 } else { high = middle }
    }
    entries.insert(entry, at: low)
    bytes += entry.bytes
  }

  private mutating func remove(at index: Int) {
    bytes -= entries.remove(at: index).bytes
  }

  /// Adds what fits to a packet.
  ///
  /// - Parameter limit: how often each is sent.
  mutating func take(into packet: inout Packet, limit: Int) {
    guard !entries.isEmpty else { return }
    var kept: [Entry] = []
    var again: [Entry] = []
    kept.reserveCapacity(entries.count)
    for var entry in entries {
      guard packet.add(entry.message, bytes: entry.bytes) else {
        kept.append(entry)
        continue
      }
      entry.transmissions += 1
      bytes -= entry.bytes
      if entry.transmissions < limit { again.append(entry) }
    }
    entries = kept
    for entry in again { insert(entry) }
  }
}
