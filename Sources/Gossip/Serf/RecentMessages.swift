/// Events or queries that were heard, of the newest times, so that none is passed on twice.
struct RecentMessages<Message: Equatable & Sendable>: Sendable {
  private struct Slot {
    let time: LamportTime
    var messages: [Message]
    var bytes: Int
  }

  /// At its time modulo their number.
  private var slots: [Slot?] = Array(repeating: nil, count: Self.times)
  private(set) var bytes = 0
  let maximumBytes: Int

  /// Serf's event and query buffers.
  private static var times: Int { 512 }
  /// Of one time: as many nodes may speak before they hear each other.
  private static var messagesOfOneTime: Int { 64 }
  /// What remembering a message costs beside its own bytes.
  private static var overhead: Int { 64 }

  init(maximumBytes: Int) {
    self.maximumBytes = maximumBytes
  }

  enum Novelty: Hashable {
    case new, known, old, noRoom
  }

  mutating func hear(_ message: Message, bytes size: Int, time: LamportTime, clock: LamportTime) -> Novelty {
    let times = UInt64(Self.times)
    guard time.value + times >= clock.value else { return .old }
    let index = Int(time.value % times)
    let size = size + Self.overhead
    if var slot = slots[index], slot.time == time {
      if slot.messages.contains(message) { return .known }
      guard slot.messages.count < Self.messagesOfOneTime else { return .noRoom }
      slot.messages.append(message)
      slot.bytes += size
      slots[index] = slot
    } else if let slot = slots[index], slot.time > time {
      return .old
    } else {
      bytes -= slots[index]?.bytes ?? 0
      slots[index] = Slot(time: time, messages: [message], bytes: size)
    }
    bytes += size
    dropOldest(keeping: index)
    return .new
  }

  /// The newest stays, whatever its size.
  private mutating func dropOldest(keeping newest: Int) {
    while bytes > maximumBytes {
      let others = slots.indices.filter { $0 != newest && slots[$0] != nil }
      guard let oldest = others.min(by: { slots[$0]?.time ?? LamportTime(0) < slots[$1]?.time ?? LamportTime(0) })
      else { return }
      bytes -= slots[oldest]?.bytes ?? 0
      slots[oldest] = nil
    }
  }

  /// In the order of their times.
  var all: [(time: LamportTime, messages: [Message])] {
    slots.compactMap { $0.map { ($0.time, $0.messages) } }.sorted { $0.time < $1.time }
  }
}
