/// Byte offsets of batch format version 1; `docs/formats.md` has the tables. All integers are little-endian.
enum BatchLayout {
  /// "PLB" and the format version.
  static let magic: UInt32 = 0x01_42_4C_50

  // The header, stamped by the leader.
  static let headerChecksum = 4
  static let index = 8
  static let term = 16
  static let baseOffset = 24
  static let appendTime = 32
  static let bodyLength = 40
  static let bodyChecksum = 44
  static let headerBytes = 48

  // The body's prefix, made by the producer.
  static let attributes = 48
  static let producerEpoch = 50
  static let count = 52
  static let producerID = 56
  static let sequence = 64
  static let firstTimestamp = 72
  static let maximumTimestamp = 80
  static let prefixBytes = 40

  static let payload = headerBytes + prefixBytes

  /// 1 GiB: far above any sensible batch, and below what a ByteBuffer's 32-bit indices can hold.
  static let maximumBodyBytes = 1 << 30
}
