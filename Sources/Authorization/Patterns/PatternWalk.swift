/// Matches one choice of a pattern with a text.
///
/// There are two places to go back to: the last `*` takes another character, or the last element that passes slashes
/// does. An earlier one need not be tried again, for whatever it could take more the later one can take too. So a match
/// takes at most the product of both lengths.
struct PatternWalk {
  private struct Retry {
    let element: Int
    let position: Int
    var isComponents = false
  }

  private enum Outcome {
    case matched
    case advanced
    case failed
  }

  private var element: Int
  private let end: Int
  private var position = 0
  private var some: Retry?
  private var wide: Retry?

  /// - Parameters:
  ///   - range: where the choice's elements are.
  ///   - firstClass: where the pattern's classes begin.
  static func matches(
    _ text: Span<UInt8>, _ elements: [Pattern.Element], _ range: Range<Int>, _ classes: [CharacterClass],
    firstClass: Int = 0
  ) -> Bool {
    var walk = PatternWalk(element: range.lowerBound, end: range.upperBound)
    while true {
      switch walk.step(text, elements, classes, firstClass) {
      case .matched: return true
      case .advanced: continue
      case .failed: if !walk.goBack(text) { return false }
      }
    }
  }

  private init(element: Int, end: Int) {
    self.element = element
    self.end = end
  }

  private mutating func step(
    _ text: Span<UInt8>, _ elements: [Pattern.Element], _ classes: [CharacterClass], _ firstClass: Int
  ) -> Outcome {
    guard element < end else { return position == text.count ? .matched : .failed }
    switch elements[element] {
    case .byte(let byte): return take(position < text.count && text[position] == byte ? 1 : 0)
    case .some:
      some = Retry(element: element + 1, position: position)
    case .everything:
      wide = Retry(element: element + 1, position: position)
      some = nil
    case .components:
      wide = Retry(element: element + 1, position: position, isComponents: true)
      some = nil
    case .rest:
      return position == text.count || text[position] == Byte.slash ? .matched : .failed
    case .any: return take(Self.length(at: position, in: text))
    case .oneOf(let number):
      let length = Self.length(at: position, in: text)
      return take(length > 0 && classes[firstClass + Int(number)].contains(text, at: position) ? length : 0)
    }
    element += 1
    return .advanced
  }

  private mutating func take(_ bytes: Int) -> Outcome {
    guard bytes > 0 else { return .failed }
    element += 1
    position += bytes
    return .advanced
  }

  /// Returns false if there is nothing left to try.
  private mutating func goBack(_ text: Span<UInt8>) -> Bool {
    if let retry = some {
      let length = Self.length(at: retry.position, in: text)
      if length > 0 {
        position = retry.position + length
        element = retry.element
        some = Retry(element: element, position: position)
        return true
      }
    }
    guard let retry = wide, let next = Self.advance(retry, in: text) else { return false }
    position = next
    element = retry.element
    wide = Retry(element: element, position: position, isComponents: retry.isComponents)
    some = nil
    return true
  }

  /// The next place at which a wide element may end.
  private static func advance(_ retry: Retry, in text: Span<UInt8>) -> Int? {
    var position = retry.position
    while position < text.count {
      position += 1
      let isBoundary = position == text.count || text[position] & 0xC0 != 0x80
      if retry.isComponents ? text[position - 1] == Byte.slash : isBoundary { return position }
    }
    return nil
  }

  /// Bytes of the character that begins there; 0 for a slash, and at the end.
  private static func length(at position: Int, in text: Span<UInt8>) -> Int {
    guard position < text.count, text[position] != Byte.slash else { return 0 }
    var end = position + 1
    while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
    return end - position
  }
}
