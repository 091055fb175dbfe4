/// A text of the model or the policy by its number, so that texts are compared by numbers.
struct Symbol: Sendable, Hashable, Comparable {
  let rawValue: UInt32

  /// A text that stands in neither. It is equal to nothing.
  static let none = Symbol(rawValue: 0)

  static func < (left: Symbol, right: Symbol) -> Bool { left.rawValue < right.rawValue }
}

/// The numbers of all texts of a model and a policy. Texts are told apart by their bytes.
///
/// The hash needs no seed: only the policy's author puts texts in, and a search is as short for a text that a
/// stranger chose.
struct SymbolTable: Sendable {
  private var bytes: [UInt8] = []
  /// Where each text ends; the first one is empty and stands for `Symbol.none`.
  private var ends = [0]
  /// Symbols by hash, with linear probing; a power of two of them, less than half in use.
  private var slots = [Symbol](repeating: .none, count: 16)

  var count: Int { ends.count - 1 }

  /// The text's symbol, which it is given if it has none.
  mutating func insert(_ text: String) -> Symbol {
    let known = symbol(of: text)
    guard known == .none else { return known }
    bytes += text.utf8
    ends.append(bytes.count)
    let symbol = Symbol(rawValue: UInt32(count))
    if 2 * count >= slots.count { grow() } else { place(symbol, hash: Self.hash(text.utf8.span)) }
    return symbol
  }

  func symbol(of text: String) -> Symbol {
    let text = text.utf8.span
    var slot = Self.hash(text) & (slots.count - 1)
    while slots[slot] != .none {
      if holds(text, slots[slot]) { return slots[slot] }
      slot = (slot + 1) & (slots.count - 1)
    }
    return .none
  }

  private func holds(_ text: Span<UInt8>, _ symbol: Symbol) -> Bool {
    let number = Int(symbol.rawValue)
    let start = ends[number - 1]
    guard ends[number] - start == text.count else { return false }
    for offset in 0..<text.count where bytes[start + offset] != text[offset] { return false }
    return true
  }

  /// Whether a symbol's text matches.
  func matches(_ symbol: Symbol, _ pattern: Int, of patterns: PatternTable) -> Bool {
    guard symbol != .none else { return false }
    let number = Int(symbol.rawValue)
    return patterns.matches(pattern, bytes.span.extracting(ends[number - 1]..<ends[number]))
  }

  private mutating func place(_ symbol: Symbol, hash: Int) {
    var slot = hash & (slots.count - 1)
    while slots[slot] != .none { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = symbol
  }

  private mutating func grow() {
    slots = [Symbol](repeating: .none, count: 2 * slots.count)
    for number in 1...count {
      let hash = Self.hash(bytes.span.extracting(ends[number - 1]..<ends[number]))
      place(Symbol(rawValue: UInt32(number)), hash: hash)
    }
  }

  /// FNV-1a, its halves folded: the table takes the low bits.
  private static func hash(_ text: Span<UInt8>) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for position in 0..<text.count { hash = (hash ^ UInt64(text[position])) &* 0x100_0000_01B3 }
    return Int(truncatingIfNeeded: (hash ^ (hash >> 32)) & 0xFFFF_FFFF)
  }
}
