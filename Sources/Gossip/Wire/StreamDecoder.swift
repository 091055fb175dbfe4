/// Collects the bytes of a stream until its one message is there: decrypted, decompressed and read.
package struct StreamDecoder: Sendable {
  private let limit: Int
  private var bytes: [UInt8] = []
  /// Before so many bytes are there nothing can be said.
  private var needed = 1
  private var reader = StreamReader()

  /// - Parameter limit: in bytes, of what is sent and of what it expands to.
  package init(limit: Int = WireLimits.streamBytes) { self.limit = limit }

  package var byteCount: Int { bytes.count }

  package mutating func append(_ more: some Collection<UInt8>) { bytes += more }

  /// - Returns: nil where more bytes are needed.
  package mutating func next(_ security: GossipSecurity) throws(WireError) -> StreamMessage? {
    guard bytes.count >= needed else { return nil }
    do {
      return try read(security)
    } catch let error {
      guard case .more(let missing) = error else { throw error.wireError }
      needed = bytes.count + missing
      guard needed <= limit else { throw WireError(.tooLong(count: needed, limit: limit), at: bytes.count) }
      return nil
    }
  }

  /// Bytes that are missing on the stream, or that are missing in a message that is there as a whole.
  private enum Failure: Error {
    case more(Int)
    case final(WireError)

    var wireError: WireError {
      switch self {
      case .more(let missing): WireError(.incomplete(missing: missing), at: 0)
      case .final(let error): error
      }
    }

    init(onStream error: WireError) {
      self = if case .incomplete(let missing) = error.reason { .more(missing) } else { .final(error) }
    }
  }

  private mutating func read(_ security: GossipSecurity) throws(Failure) -> StreamMessage {
    let type = bytes[0]
    guard type != MemberlistType.labelled.rawValue else { throw .final(WireError(.labelled, at: 0)) }
    if type == MemberlistType.encrypted.rawValue { return try readWhole(try decrypt(security)) }
    guard security.keyring == nil || !security.verifiesIncoming else { throw .final(WireError(.notEncrypted, at: 0)) }
    if type == MemberlistType.compressed.rawValue { return try readWhole(try decompressStream()) }
    do { return try reader.read(bytes) } catch { throw Failure(onStream: error) }
  }

  private func decrypt(_ security: GossipSecurity) throws(Failure) -> [UInt8] {
    guard let keyring = security.keyring else { throw .final(WireError(.encryptionIsOff, at: 0)) }
    var reader = MessagePackReader(bytes, in: 1..<bytes.count)
    let end: Int
    do throws(WireError) {
      end = Keyring.streamPrefixBytes + Int(try reader.integer(UInt32.self))
      guard end <= limit else { throw WireError(.tooLong(count: end, limit: limit), at: 1) }
      guard bytes.count >= end else { throw reader.error(.incomplete(missing: end - bytes.count)) }
    } catch { throw Failure(onStream: error) }
    do { return try keyring.open(stream: Array(bytes.prefix(end))) } catch { throw .final(error) }
  }

  private func decompressStream() throws(Failure) -> [UInt8] {
    var reader = MessagePackReader(bytes, in: 1..<bytes.count)
    // Whether it is all there, before it is expanded: what is missing within is missing for good.
    do { try reader.skipValue() } catch { throw Failure(onStream: error) }
    return bytes
  }

  /// A message that is there as a whole, compressed or not.
  private func readWhole(_ message: [UInt8]) throws(Failure) -> StreamMessage {
    do throws(WireError) {
      guard message.first == MemberlistType.compressed.rawValue else { return try Self.read(message) }
      var reader = MessagePackReader(message, in: 1..<message.count)
      return try Self.read(try MemberlistCodec.decompress(&reader, limit: limit))
    } catch { throw .final(error) }
  }

  private static func read(_ message: [UInt8]) throws(WireError) -> StreamMessage {
    var reader = StreamReader()
    return try reader.read(message)
  }
}
