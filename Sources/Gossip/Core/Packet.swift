/// Messages that are put together until they fill a UDP packet.
struct Packet: Sendable {
  private(set) var messages: [MemberlistMessage] = []
  private(set) var room: Int

  /// A compound message counts its parts in a byte.
  private static let maximumMessages = 255
  /// What a compound says of each part: its length.
  private static let bytesOfLength = 2

  init(room: Int) {
    self.room = room
  }

  /// Whether there was room.
  mutating func add(_ message: MemberlistMessage, bytes: Int) -> Bool {
    guard bytes + Self.bytesOfLength <= room, messages.count < Self.maximumMessages else { return false }
    messages.append(message)
    room -= bytes + Self.bytesOfLength
    return true
  }

  /// What is sent in any case.
  mutating func start(with message: MemberlistMessage, bytes: Int) {
    messages.append(message)
    room -= bytes + Self.bytesOfLength
  }
}
