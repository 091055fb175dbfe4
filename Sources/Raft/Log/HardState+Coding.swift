import CommitLog
package import NIOCore

/// Term and vote as the log's vote file holds them; see docs/formats.md. The file has checksums of its own.
extension HardState {
  private static let version: UInt8 = 1

  package func encoded() -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeMultipleIntegers(Self.version, term.rawValue, UInt8(vote == nil ? 0 : 1), endianness: .little)
    if let vote {
      buffer.writeMultipleIntegers(
        vote.incarnation.high, vote.incarnation.low, UInt16(vote.id.name.utf8.count), endianness: .little)
      buffer.writeString(vote.id.name)
    }
    return buffer
  }

  /// nil when the bytes are none. No bytes are the state of a node that never had a term.
  package init?(decoding source: ByteBuffer) {
    var buffer = source
    if buffer.readableBytes == 0 {
      self.init()
      return
    }
    guard let (version, term, flag) = buffer.readMultipleIntegers(endianness: .little, as: (UInt8, UInt64, UInt8).self),
      version == Self.version, flag <= 1
    else { return nil }
    var vote: Peer?
    if flag == 1 {
      guard
        let (high, low, length) = buffer.readMultipleIntegers(
          endianness: .little, as: (UInt64, UInt64, UInt16).self),
        length > 0, length <= NodeID.maximumBytes, let name = buffer.readBytes(length: Int(length)),
        let id = String(validating: name, as: UTF8.self)
      else { return nil }
      vote = Peer(id: NodeID(id), incarnation: LogIncarnation(high: high, low: low))
    }
    guard buffer.readableBytes == 0 else { return nil }
    self.init(term: Term(term), vote: vote)
  }
}
