/// Writes msgpack as go-msgpack's old specification does: text and bytes are both "raw", with no str8, no bin and no
/// extension, for that is what every memberlist reads.
struct MessagePackWriter {
  private(set) var bytes: [UInt8] = []

  init(reserving capacity: Int = 128) { bytes.reserveCapacity(capacity) }

  init(type: UInt8, reserving capacity: Int = 128) {
    self.init(reserving: capacity)
    bytes.append(type)
  }

  mutating func writeNil() { bytes.append(0xc0) }

  mutating func write(_ value: Bool) { bytes.append(value ? 0xc3 : 0xc2) }

  mutating func write(_ value: UInt64) {
    switch value {
    case 0...0x7f: bytes.append(UInt8(truncatingIfNeeded: value))
    case 0x80...0xff: bytes += [0xcc, UInt8(truncatingIfNeeded: value)]
    case 0x100...0xffff: append(0xcd, UInt16(truncatingIfNeeded: value))
    case 0x1_0000...0xffff_ffff: append(0xce, UInt32(truncatingIfNeeded: value))
    default: append(0xcf, value)
    }
  }

  mutating func write(_ value: some UnsignedInteger & FixedWidthInteger) { write(UInt64(value)) }

  mutating func write(_ text: String) {
    raw(count: text.utf8.count)
    bytes += text.utf8
  }

  /// Go tells no bytes from an empty slice by writing nil, and reads both as none.
  mutating func write(_ raw: [UInt8]) {
    guard !raw.isEmpty else { return writeNil() }
    self.raw(count: raw.count)
    bytes += raw
  }

  mutating func map(count: Int) { head(count, short: 0x80, shortLimit: 16, wide: 0xde) }

  mutating func array(count: Int) { head(count, short: 0x90, shortLimit: 16, wide: 0xdc) }

  mutating func raw(count: Int) { head(count, short: 0xa0, shortLimit: 32, wide: 0xda) }

  mutating func append(contentsOf raw: some Sequence<UInt8>) { bytes += raw }

  /// - Parameter wide: the type for 16 bits, which that for 32 follows.
  private mutating func head(_ count: Int, short: UInt8, shortLimit: Int, wide: UInt8) {
    switch count {
    case 0..<shortLimit: bytes.append(short | UInt8(truncatingIfNeeded: count))
    case shortLimit...0xffff: append(wide, UInt16(truncatingIfNeeded: count))
    case 0x1_0000...0xffff_ffff: append(wide + 1, UInt32(truncatingIfNeeded: count))
    default: preconditionFailure("a value of \(count) elements is over what msgpack can say")
    }
  }

  private mutating func append<Number: FixedWidthInteger>(_ type: UInt8, _ number: Number) {
    bytes.append(type)
    withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
  }
}
