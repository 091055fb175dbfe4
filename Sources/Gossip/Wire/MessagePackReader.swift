/// Reads msgpack as go-msgpack of both ages writes it: text and bytes as raw, str or bin; numbers signed or not, in any
/// width; nil for what is empty. Every length is checked against what is there before anything is taken.
struct MessagePackReader {
  /// Deeper than any message of ours, and shallow enough for a stack: unknown fields may hold anything.
  static let maximumDepth = 16

  let bytes: [UInt8]
  private(set) var position: Int
  let end: Int

  init(_ bytes: [UInt8]) { self.init(bytes, in: 0..<bytes.count) }

  /// Positions in errors count from the start of `bytes`.
  init(_ bytes: [UInt8], in range: Range<Int>) {
    precondition(range.upperBound <= bytes.count, "\(range) is not within \(bytes.count) bytes")
    self.bytes = bytes
    self.position = range.lowerBound
    self.end = range.upperBound
  }

  var remaining: Int { end - position }

  func error(_ reason: WireError.Reason) -> WireError { WireError(reason, at: position) }

  // MARK: Bytes

  func peek() throws(WireError) -> UInt8 {
    guard remaining >= 1 else { throw error(.incomplete(missing: 1)) }
    return bytes[position]
  }

  mutating func byte() throws(WireError) -> UInt8 {
    let byte = try peek()
    position += 1
    return byte
  }

  mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type) throws(WireError) -> Number {
    let width = Number.bitWidth / 8
    guard remaining >= width else { throw error(.incomplete(missing: width - remaining)) }
    var number: Number = 0
    for _ in 0..<width {
      // Shifted as bits: an 8-bit number has no room to be multiplied by 256.
      number = (width == 1 ? 0 : number << 8) | Number(truncatingIfNeeded: bytes[position])
      position += 1
    }
    return number
  }

  mutating func take(_ count: Int) throws(WireError) -> [UInt8] {
    guard count <= remaining else { throw error(.incomplete(missing: count - remaining)) }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  mutating func skip(_ count: Int) throws(WireError) {
    guard count <= remaining else { throw error(.incomplete(missing: count - remaining)) }
    position += count
  }

  mutating func rest() -> [UInt8] {
    defer { position = end }
    return Array(bytes[position..<end])
  }

  // MARK: Values

  /// False for nil too, as in Go.
  mutating func bool() throws(WireError) -> Bool {
    switch try peek() {
    case 0xc0, 0xc2:
      position += 1
      return false
    case 0xc3:
      position += 1
      return true
    case let type: throw error(.unexpectedType(byte: type, expected: "a bool"))
    }
  }

  mutating func number<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type) throws(WireError) -> Number {
    let start = position
    guard let number = Number(exactly: try magnitude()) else {
      throw WireError(.outOfRange(type: "\(Number.self)"), at: start)
    }
    return number
  }

  /// Go writes a signed field as a signed number even where it is positive.
  private mutating func magnitude() throws(WireError) -> UInt64 {
    let start = position
    let type = try byte()
    let signed: Int64
    switch type {
    case 0...0x7f: return UInt64(type)
    case 0xc0: return 0
    case 0xcc: return UInt64(try integer(UInt8.self))
    case 0xcd: return UInt64(try integer(UInt16.self))
    case 0xce: return UInt64(try integer(UInt32.self))
    case 0xcf: return try integer(UInt64.self)
    case 0xd0: signed = Int64(try integer(Int8.self))
    case 0xd1: signed = Int64(try integer(Int16.self))
    case 0xd2: signed = Int64(try integer(Int32.self))
    case 0xd3: signed = try integer(Int64.self)
    case 0xe0...0xff: signed = Int64(Int8(bitPattern: type))
    default:
      throw WireError(.unexpectedType(byte: type, expected: "a number"), at: start)
    }
    guard let number = UInt64(exactly: signed) else {
      throw WireError(.outOfRange(type: "a number that is not negative"), at: start)
    }
    return number
  }

  mutating func raw(limit: Int) throws(WireError) -> [UInt8] {
    try take(try rawCount(limit: limit))
  }

  mutating func text(limit: Int) throws(WireError) -> String {
    let start = position
    let count = try rawCount(limit: limit)
    guard count <= remaining else { throw error(.incomplete(missing: count - remaining)) }
    guard let text = String(validating: bytes[position..<position + count], as: UTF8.self) else {
      throw WireError(.invalidText, at: start)
    }
    position += count
    return text
  }

  mutating func mapCount(limit: Int) throws(WireError) -> Int {
    let start = position
    let type = try byte()
    let count: Int
    switch type {
    case 0xc0: count = 0
    case 0x80...0x8f: count = Int(type & 0x0f)
    case 0xde: count = Int(try integer(UInt16.self))
    case 0xdf: count = Int(try integer(UInt32.self))
    default: throw WireError(.unexpectedType(byte: type, expected: "a map"), at: start)
    }
    return try check(count, limit: limit, bytesEach: 2, at: start)
  }

  mutating func arrayCount(limit: Int) throws(WireError) -> Int {
    let start = position
    let type = try byte()
    let count: Int
    switch type {
    case 0xc0: count = 0
    case 0x90...0x9f: count = Int(type & 0x0f)
    case 0xdc: count = Int(try integer(UInt16.self))
    case 0xdd: count = Int(try integer(UInt32.self))
    default: throw WireError(.unexpectedType(byte: type, expected: "an array"), at: start)
    }
    return try check(count, limit: limit, bytesEach: 1, at: start)
  }

  private mutating func rawCount(limit: Int) throws(WireError) -> Int {
    let start = position
    let type = try byte()
    let count: Int
    switch type {
    case 0xc0: count = 0
    case 0xa0...0xbf: count = Int(type & 0x1f)
    case 0xc4, 0xd9: count = Int(try integer(UInt8.self))
    case 0xc5, 0xda: count = Int(try integer(UInt16.self))
    case 0xc6, 0xdb: count = Int(try integer(UInt32.self))
    default: throw WireError(.unexpectedType(byte: type, expected: "a text or bytes"), at: start)
    }
    return try check(count, limit: limit, bytesEach: 0, at: start)
  }

  /// Against the limit, and against the bytes that so many elements take at least.
  private func check(_ count: Int, limit: Int, bytesEach: Int, at start: Int) throws(WireError) -> Int {
    guard count <= limit else { throw WireError(.tooLong(count: count, limit: limit), at: start) }
    let missing = count * bytesEach - remaining
    guard missing <= 0 || bytesEach == 0 else { throw error(.incomplete(missing: missing)) }
    return count
  }

  // MARK: Fields

  /// More than any message of ours has, so that a later version may add some.
  static let maximumFields = 32
  /// Of an unknown field: what is skipped costs no memory, and still time.
  private static let maximumSkipped = 4096

  /// Calls `field` for each key of a map, which reads the value and returns true, or returns false to have it skipped.
  mutating func fields(
    _ field: (_ name: String, _ reader: inout Self) throws(WireError) -> Bool
  ) throws(WireError) {
    for _ in 0..<(try mapCount(limit: Self.maximumFields)) {
      let name = try text(limit: 255)
      if try !field(name, &self) { try skipValue() }
    }
  }

  mutating func skipValue(depth: Int = 0) throws(WireError) {
    guard depth < Self.maximumDepth else { throw error(.tooDeep(limit: Self.maximumDepth)) }
    let type = try peek()
    switch type {
    case 0x80...0x8f, 0xde, 0xdf:
      for _ in 0..<(try mapCount(limit: Self.maximumSkipped)) {
        try skipValue(depth: depth + 1)
        try skipValue(depth: depth + 1)
      }
    case 0x90...0x9f, 0xdc, 0xdd:
      for _ in 0..<(try arrayCount(limit: Self.maximumSkipped)) { try skipValue(depth: depth + 1) }
    case 0xa0...0xbf, 0xc4...0xc6, 0xd9...0xdb: try skip(try rawCount(limit: .max))
    default:
      position += 1
      try skip(try trailingBytes(ofScalar: type))
    }
  }

  /// Of numbers, bools, nil and extensions, behind the type.
  private mutating func trailingBytes(ofScalar type: UInt8) throws(WireError) -> Int {
    switch type {
    case 0...0x7f, 0xe0...0xff, 0xc0, 0xc2, 0xc3: return 0
    case 0xcc, 0xd0: return 1
    case 0xcd, 0xd1: return 2
    case 0xce, 0xd2, 0xca: return 4
    case 0xcf, 0xd3, 0xcb: return 8
    case 0xd4...0xd8: return 1 + 1 << Int(type - 0xd4)
    case 0xc7: return 1 + Int(try integer(UInt8.self))
    case 0xc8: return 1 + Int(try integer(UInt16.self))
    case 0xc9: return 1 + Int(try integer(UInt32.self))
    default:
      throw WireError(.unexpectedType(byte: type, expected: "a value"), at: position - 1)
    }
  }
}
