import CommitLog
package import NIOCore

/// The payload of a batch of kind `configuration`; see docs/formats.md.
extension Configuration {
  private static let version: UInt8 = 1

  package func encoded() -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeInteger(Self.version)
    buffer.writeText(clusterID)
    buffer.writeInteger(UInt16(members.count), endianness: .little)
    for member in members {
      buffer.writeText(member.peer.id.name)
      buffer.writeInteger(member.peer.incarnation.high, endianness: .little)
      buffer.writeInteger(member.peer.incarnation.low, endianness: .little)
      buffer.writeInteger(member.role.rawValue)
      buffer.writeText(member.address)
    }
    return buffer
  }

  /// nil when the bytes are no configuration of this version.
  package init?(decoding source: ByteBuffer) {
    var buffer = source
    guard buffer.readInteger(as: UInt8.self) == Self.version, let clusterID = buffer.readText(),
      let count = buffer.readInteger(endianness: .little, as: UInt16.self), count <= Self.maximumMembers
    else { return nil }
    var members: [Member] = []
    for _ in 0..<count {
      guard let member = buffer.readMember(), members.last.map({ $0.peer.id < member.peer.id }) ?? true else {
        return nil
      }
      members.append(member)
    }
    guard buffer.readableBytes == 0 else { return nil }
    self.init(clusterID: clusterID, members: members)
  }
}

extension ByteBuffer {
  fileprivate mutating func readMember() -> Member? {
    guard let id = readText(),
      let (high, low) = readMultipleIntegers(endianness: .little, as: (UInt64, UInt64).self),
      let role = readInteger(as: UInt8.self).flatMap(Member.Role.init), let address = readText()
    else { return nil }
    return Member(
      peer: Peer(id: NodeID(id), incarnation: LogIncarnation(high: high, low: low)), address: address, role: role)
  }

  /// Length as u16, then UTF-8.
  mutating func writeText(_ text: String) {
    precondition(text.utf8.count <= UInt16.max, "a name of \(text.utf8.count) bytes")
    writeInteger(UInt16(text.utf8.count), endianness: .little)
    writeString(text)
  }

  mutating func readText() -> String? {
    guard let length = readInteger(endianness: .little, as: UInt16.self), let bytes = readBytes(length: Int(length))
    else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}
