/// What is going to happen, the soonest first; what happens at one time in the order in which it was put in.
struct EventHeap<Payload> {
  private struct Key {
    var time: VirtualTime
    var order: UInt64
    /// Where the payload is: it stays there while keys move.
    var slot: Int

    func precedes(_ other: Key) -> Bool {
      time == other.time ? order < other.order : time < other.time
    }
  }

  private var keys: [Key] = []
  private var payloads: [Payload?] = []
  private var freeSlots: [Int] = []
  private var nextOrder: UInt64 = 0

  var count: Int { keys.count }

  mutating func push(_ payload: Payload, at time: VirtualTime) {
    let slot: Int
    if let free = freeSlots.popLast() {
      slot = free
      payloads[slot] = payload
    } else {
      slot = payloads.count
      payloads.append(payload)
    }
    let key = Key(time: time, order: nextOrder, slot: slot)
    nextOrder += 1
    keys.append(key)
    var position = keys.count - 1
    while position > 0 {
      let parent = (position - 1) / 2
      guard key.precedes(keys[parent]) else { break }
      keys[position] = keys[parent]
      position = parent
    }
    keys[position] = key
  }

  mutating func pop() -> (time: VirtualTime, payload: Payload)? {
    guard let first = keys.first, let last = keys.popLast() else { return nil }
    if !keys.isEmpty { sink(last) }
    freeSlots.append(first.slot)
    guard let payload = payloads[first.slot] else { preconditionFailure("an event without payload") }
    payloads[first.slot] = nil
    return (first.time, payload)
  }

  private mutating func sink(_ key: Key) {
    var position = 0
    while true {
      var child = 2 * position + 1
      guard child < keys.count else { break }
      if child + 1 < keys.count, keys[child + 1].precedes(keys[child]) { child += 1 }
      guard keys[child].precedes(key) else { break }
      keys[position] = keys[child]
      position = child
    }
    keys[position] = key
  }
}
