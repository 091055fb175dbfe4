import NIOCore

/// Accepted connections that have not said yet what they speak, a bounded number. Where there is no room for one more the oldest gives
/// way: whoever has something to say does so within a round trip, and a crowd of silent ones must not keep it out.
struct WaitingConnections {
  private var channels: [UInt64: any Channel] = [:]
  private var numbers: [ObjectIdentifier: UInt64] = [:]
  /// None with a lower number is left.
  private var oldest: UInt64 = 0
  private var next: UInt64 = 0

  var isEmpty: Bool { channels.isEmpty }
  var count: Int { channels.count }
  var all: [any Channel] { Array(channels.values) }

  /// - Returns: the one that gave way, which is to be closed.
  mutating func insert(_ channel: any Channel, limit: Int) -> (any Channel)? {
    precondition(limit > 0, "somebody must be able to come in")
    let displaced = channels.count < limit ? nil : removeOldest()
    numbers[ObjectIdentifier(channel)] = next
    channels[next] = channel
    next += 1
    return displaced
  }

  /// - Returns: whether it waited.
  mutating func remove(_ channel: any Channel) -> Bool {
    guard let number = numbers.removeValue(forKey: ObjectIdentifier(channel)) else { return false }
    channels[number] = nil
    return true
  }

  private mutating func removeOldest() -> any Channel {
    while true {
      defer { oldest += 1 }
      guard let channel = channels.removeValue(forKey: oldest) else { continue }
      numbers[ObjectIdentifier(channel)] = nil
      return channel
    }
  }
}
