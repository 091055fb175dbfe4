/// What a packet brought.
package struct PacketContents: Hashable, Sendable {
  package var messages: [MemberlistMessage] = []
  /// Of messages that could not be read, beside which the others count: one each.
  package var failures: [WireError] = []

  package init() {}
}

extension MemberlistCodec {
  /// One packet of messages as ``encode(_:)`` gives them: the message itself, or a compound of up to 255.
  ///
  /// - Parameter isChecksummed: whether the receiver reads checksums (memberlist's protocol 5).
  package static func packet(of messages: [[UInt8]], isChecksummed: Bool) -> [UInt8] {
    let contents = messages.count == 1 ? messages[0] : compound(of: messages)
    guard isChecksummed else { return contents }
    var packet = [MemberlistType.checksummed.rawValue]
    withUnsafeBytes(of: CRC32.checksum(contents).bigEndian) { packet += $0 }
    return packet + contents
  }

  private static func compound(of messages: [[UInt8]]) -> [UInt8] {
    precondition((1...maximumParts).contains(messages.count), "\(messages.count) messages do not fit into a packet")
    var packet = [MemberlistType.compound.rawValue, UInt8(messages.count)]
    packet.reserveCapacity(WireLimits.sentPacketBytes)
    for message in messages {
      precondition(message.count <= UInt16.max, "a message of \(message.count) bytes does not fit into a packet")
      withUnsafeBytes(of: UInt16(message.count).bigEndian) { packet += $0 }
    }
    for message in messages { packet += message }
    return packet
  }

  /// What a decrypted packet says. memberlist wraps messages in this order, each layer there or not: checksum,
  /// compression, compound. Within a compound a message may be compressed where the packet is not.
  ///
  /// - Throws: where the packet as a whole cannot be read.
  package static func decode(packet: [UInt8]) throws(WireError) -> PacketContents {
    guard packet.count <= WireLimits.packetBytes else {
      throw WireError(.tooLong(count: packet.count, limit: WireLimits.packetBytes), at: 0)
    }
    var reader = MessagePackReader(packet)
    if packet.first == MemberlistType.checksummed.rawValue {
      try reader.skip(1)
      let found = try reader.integer(UInt32.self)
      let expected = CRC32.checksum(packet[reader.position...])
      guard found == expected else { throw WireError(.wrongChecksum(expected: expected, found: found), at: 1) }
    }
    var contents = PacketContents()
    try decode(&reader, into: &contents, allowing: [.compression, .compound])
    return contents
  }

  /// The layers that may still come: each once.
  private struct Layers: OptionSet {
    let rawValue: UInt8
    static let compression = Self(rawValue: 1)
    static let compound = Self(rawValue: 2)
  }

  private static func decode(
    _ reader: inout MessagePackReader, into contents: inout PacketContents, allowing layers: Layers
  ) throws(WireError) {
    let start = reader.position
    let byte = try reader.byte()
    guard let type = MemberlistType(rawValue: byte) else { throw WireError(.unknownMessage(type: byte), at: start) }
    switch type {
    case .labelled: throw WireError(.labelled, at: start)
    case .compressed where layers.contains(.compression):
      var inner = MessagePackReader(try decompress(&reader, limit: WireLimits.packetBytes))
      try decode(&inner, into: &contents, allowing: layers.subtracting(.compression))
    case .compound where layers.contains(.compound):
      try decodeCompound(&reader, into: &contents, allowing: layers.subtracting(.compound))
    default: contents.messages.append(try decode(type, &reader))
    }
  }

  private static func decodeCompound(
    _ reader: inout MessagePackReader, into contents: inout PacketContents, allowing layers: Layers
  ) throws(WireError) {
    var counts: [Int] = []
    for _ in 0..<(try reader.byte()) { counts.append(Int(try reader.integer(UInt16.self))) }
    var expanded = 0
    for count in counts {
      let range = reader.position..<reader.position + count
      do {
        try reader.skip(count)
        var part = MessagePackReader(reader.bytes, in: range)
        // A compressed part may expand to 64 KiB, and there may be 255: together they may take as much as one packet.
        if part.remaining > 0, try part.peek() == MemberlistType.compressed.rawValue, layers.contains(.compression) {
          try part.skip(1)
          let bytes = try decompress(&part, limit: WireLimits.packetBytes - expanded)
          expanded += bytes.count
          part = MessagePackReader(bytes)
        }
        try decode(&part, into: &contents, allowing: [])
      } catch let error {
        contents.failures.append(error)
        // The lengths lie: what follows starts nowhere.
        if reader.position != range.upperBound { return }
      }
    }
  }

  /// Behind the type: an algorithm and the compressed bytes.
  static func decompress(_ reader: inout MessagePackReader, limit: Int) throws(WireError) -> [UInt8] {
    let start = reader.position
    var algorithm: UInt64 = 0
    var compressed: [UInt8] = []
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case "Algo": algorithm = try reader.number(UInt64.self)
      case "Buf": compressed = try reader.raw(limit: WireLimits.streamBytes)
      default: return false
      }
      return true
    }
    guard algorithm == 0 else { throw WireError(.unknownCompression(algorithm: algorithm), at: start) }
    return try LZW.decompress(compressed, limit: limit)
  }

  /// The compressed message in place of the message, where that is shorter.
  static func compressed(_ message: [UInt8]) -> [UInt8] {
    let compressed = LZW.compress(message)
    var writer = MessagePackWriter(type: MemberlistType.compressed.rawValue, reserving: compressed.count + 32)
    writer.map(count: 2)
    writer.write("Algo")
    writer.write(UInt8(0))
    writer.write("Buf")
    writer.write(compressed)
    return writer.bytes.count < message.count ? writer.bytes : message
  }
}
