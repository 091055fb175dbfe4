/// Takes an input apart into the choices of a harness. Where it is used up, everything reads as zero.
package struct FuzzInput {
  private var bytes: ArraySlice<UInt8>

  package init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  package var isEmpty: Bool { bytes.isEmpty }

  package mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }

  /// Little-endian.
  package mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number {
    var number: Number = 0
    for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
      number |= Number(truncatingIfNeeded: UInt64(byte())) << Number(truncatingIfNeeded: shift)
    }
    return number
  }

  /// Up to `count` bytes.
  package mutating func take(_ count: Int) -> [UInt8] {
    let taken = Array(bytes.prefix(count))
    bytes = bytes.dropFirst(count)
    return taken
  }

  /// All that is left.
  package mutating func rest() -> [UInt8] { take(bytes.count) }

  /// Cuts bytes at places that the input chooses: one cut a byte, none once the input is used up.
  package mutating func pieces(of whole: [UInt8], cuts: Int) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var left = whole[...]
    for _ in 0..<cuts where !left.isEmpty {
      let count = Int(byte()) % (left.count + 1)
      pieces.append(Array(left.prefix(count)))
      left = left.dropFirst(count)
    }
    pieces.append(Array(left))
    return pieces
  }
}
