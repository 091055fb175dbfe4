import CommitLog
import NIOCore
import Raft

/// Hellos and their answers as bytes; see docs/formats.md. All integers are little-endian.
///
///     u32 length of what follows · u32 CRC32C of the rest · "PLH" or "PLA" · u8 version · fields
enum HelloCodec {
  /// What a greeting has at most, in bytes after its length: four names, and as much again for later versions.
  static let maximumBytes = 2 << 10
  static let version: UInt8 = 1

  /// A host's name and a port, in bytes.
  static let maximumAddressBytes = NodeID.maximumBytes + 8

  private static let lengthBytes = 4
  /// From the checksum to the version.
  private static let fixedBytes = 8

  private enum Magic {
    static let hello = Array("PLH".utf8)
    static let answer = Array("PLA".utf8)
  }

  /// Why bytes are no greeting.
  struct DecodingError: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
      self.description = description
    }
  }

  // MARK: Encoding

  static func encode(_ hello: Hello) -> ByteBuffer {
    frame(Magic.hello) { buffer in
      buffer.writeInteger(hello.lane.rawValue)
      buffer.write(name: hello.clusterID ?? "")
      buffer.write(hello.sender)
      // Too long an address of our own must not keep us from talking: nothing is decided by it.
      buffer.write(name: hello.address.utf8.count <= maximumAddressBytes ? hello.address : "")
      buffer.write(hello.receiver)
    }
  }

  static func encode(_ answer: HelloAnswer) -> ByteBuffer {
    frame(Magic.answer) { buffer in
      buffer.writeInteger(answer.refusal?.rawValue ?? 0)
      buffer.write(name: answer.clusterID ?? "")
      buffer.write(answer.peer)
    }
  }

  private static func frame(_ magic: [UInt8], _ writeFields: (inout ByteBuffer) -> Void) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeRepeatingByte(0, count: lengthBytes + 4)
    buffer.writeBytes(magic)
    buffer.writeInteger(version)
    writeFields(&buffer)
    buffer.setInteger(UInt32(buffer.readableBytes - lengthBytes), at: 0, endianness: .little)
    buffer.setInteger(checksum(of: buffer.readableBytesView.dropFirst(8)), at: 4, endianness: .little)
    return buffer
  }

  static func checksum(of bytes: ByteBufferView) -> UInt32 {
    bytes.withUnsafeBytes { CRC32C.checksum($0) }
  }

  // MARK: Decoding

  /// Takes one hello from the front of `source`; nil when it is not all there yet.
  static func decodeHello(_ source: inout ByteBuffer) throws(DecodingError) -> Greeting<Hello>? {
    try decode(&source, Magic.hello) { fields in
      guard let lane = fields.readInteger(as: UInt8.self).flatMap(PeerLane.init(rawValue:)),
        let clusterID = fields.readName(maximumBytes: LogMetadata.maximumClusterIDBytes),
        let sender = fields.readPeer(), let address = fields.readName(maximumBytes: maximumAddressBytes),
        let receiver = fields.readPeer()
      else { return nil }
      return Hello(
        clusterID: clusterID.isEmpty ? nil : clusterID, sender: sender, address: address, receiver: receiver, lane: lane
      )
    }
  }

  /// The same of an answer.
  static func decodeAnswer(_ source: inout ByteBuffer) throws(DecodingError) -> Greeting<HelloAnswer>? {
    try decode(&source, Magic.answer) { fields in
      guard let code = fields.readInteger(as: UInt8.self),
        let clusterID = fields.readName(maximumBytes: LogMetadata.maximumClusterIDBytes),
        let peer = fields.readPeer()
      else { return nil }
      let refusal = HelloRefusal(rawValue: code)
      guard refusal != nil || code == 0 else { return nil }
      return HelloAnswer(refusal: refusal, clusterID: clusterID.isEmpty ? nil : clusterID, peer: peer)
    }
  }

  private static func decode<Contents>(
    _ source: inout ByteBuffer, _ magic: [UInt8], _ readFields: (inout ByteBuffer) -> Contents?
  ) throws(DecodingError) -> Greeting<Contents>? {
    guard let length = source.getInteger(at: source.readerIndex, endianness: .little, as: UInt32.self) else {
      return nil
    }
    guard length >= fixedBytes, length <= maximumBytes else {
      throw DecodingError("a greeting of \(length) bytes; from \(fixedBytes) to \(maximumBytes) are taken")
    }
    guard source.readableBytes >= lengthBytes + Int(length) else { return nil }
    source.moveReaderIndex(forwardBy: lengthBytes)
    guard let expected = source.readInteger(endianness: .little, as: UInt32.self),
      var fields = source.readSlice(length: Int(length) - 4)
    else { preconditionFailure("\(source.readableBytes) readable bytes hold no greeting of \(length)") }
    let found = checksum(of: fields.readableBytesView)
    guard fields.readBytes(length: magic.count) == magic else { throw DecodingError("not a greeting") }
    guard found == expected, let version = fields.readInteger(as: UInt8.self) else {
      throw DecodingError("a damaged greeting")
    }
    guard version == self.version else { return .otherVersion(version) }
    guard let contents = readFields(&fields), fields.readableBytes == 0 else {
      throw DecodingError("a greeting whose fields are not those of version \(version)")
    }
    return .known(contents)
  }
}

extension ByteBuffer {
  /// Length as u16, then UTF-8.
  fileprivate mutating func write(name: String) {
    writeInteger(UInt16(name.utf8.count), endianness: .little)
    writeString(name)
  }

  fileprivate mutating func write(_ peer: Peer) {
    write(name: peer.id.name)
    writeMultipleIntegers(peer.incarnation.high, peer.incarnation.low, endianness: .little)
  }

  fileprivate mutating func readName(maximumBytes: Int) -> String? {
    guard let length = readInteger(endianness: .little, as: UInt16.self), length <= maximumBytes,
      let bytes = readBytes(length: Int(length))
    else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  fileprivate mutating func readPeer() -> Peer? {
    guard let name = readName(maximumBytes: NodeID.maximumBytes), !name.isEmpty,
      let (high, low) = readMultipleIntegers(endianness: .little, as: (UInt64, UInt64).self)
    else { return nil }
    return Peer(id: NodeID(name), incarnation: LogIncarnation(high: high, low: low))
  }
}
