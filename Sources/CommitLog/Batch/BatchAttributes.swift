/// What a batch carries. Other values than those named are kept and passed on, for later versions give them a meaning.
package struct BatchKind: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  package static let records = BatchKind(rawValue: 0)
  /// Nothing: the first entry of a leader's term.
  package static let noOperation = BatchKind(rawValue: 1)
  /// Members of the cluster.
  package static let configuration = BatchKind(rawValue: 2)
  /// Where the log of every replica starts from now on.
  package static let retention = BatchKind(rawValue: 3)
}

/// How the payload of a batch is compressed.
package struct BatchCodec: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  package static let none = BatchCodec(rawValue: 0)
  package static let gzip = BatchCodec(rawValue: 1)
  package static let zstd = BatchCodec(rawValue: 2)
}

/// The first two bytes of a body: codec in bits 0–2, kind in bits 4–7, the rest reserved and zero.
package struct BatchAttributes: Hashable, Sendable {
  package var codec: BatchCodec
  package var kind: BatchKind

  package init(codec: BatchCodec = .none, kind: BatchKind = .records) {
    self.codec = codec
    self.kind = kind
  }

  init?(rawValue: UInt16) {
    guard rawValue & ~0b1111_0111 == 0 else { return nil }
    codec = BatchCodec(rawValue: UInt8(rawValue & 0b111))
    kind = BatchKind(rawValue: UInt8(rawValue >> 4))
  }

  var rawValue: UInt16 {
    UInt16(codec.rawValue & 0b111) | UInt16(kind.rawValue & 0b1111) << 4
  }
}

/// Who made a batch and where in its own sequence, so that a retry is told from a new batch.
package struct Producer: Hashable, Sendable {
  /// 0: the producer does not ask for that.
  package var id: UInt64
  package var epoch: UInt16
  /// Of the first record in the batch.
  package var sequence: UInt64

  package init(id: UInt64, epoch: UInt16, sequence: UInt64) {
    self.id = id
    self.epoch = epoch
    self.sequence = sequence
  }

  package static let none = Producer(id: 0, epoch: 0, sequence: 0)
}
