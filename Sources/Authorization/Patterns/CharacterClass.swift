/// `[a-z_]` of a glob.
struct CharacterClass: Sendable, Equatable {
  let ranges: [ClosedRange<Unicode.Scalar>]
  let isNegated: Bool

  func contains(_ text: Span<UInt8>, at position: Int) -> Bool {
    let scalar = Self.scalar(in: text, at: position)
    return ranges.contains { $0.contains(scalar) } != isNegated
  }

  /// Decodes the character that begins there; the text is valid UTF-8.
  private static func scalar(in text: Span<UInt8>, at position: Int) -> Unicode.Scalar {
    let first = text[position]
    var value =
      switch first {
      case 0..<0x80: UInt32(first)
      case 0xC0..<0xE0: UInt32(first & 0x1F)
      case 0xE0..<0xF0: UInt32(first & 0x0F)
      default: UInt32(first & 0x07)
      }
    var next = position + 1
    while next < text.count, text[next] & 0xC0 == 0x80 {
      value = value << 6 | UInt32(text[next] & 0x3F)
      next += 1
    }
    return Unicode.Scalar(value) ?? "\u{FFFD}"
  }
}
