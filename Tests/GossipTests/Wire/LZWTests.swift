import TestSupport
import Testing

@testable import Gossip

@Suite struct LZWTests {
  private static let texts: [[UInt8]] = {
    var generator = SeededGenerator(seed: 7)
    let random = (0..<20_000).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    let words = (0..<20_000).map { _ in UInt8.random(in: 97...99, using: &generator) }
    return [
      [], [0], [255, 255], Array(0...255), Array(repeating: 0, count: 100_000), random, words,
      Array(repeating: Array("abcabcabd".utf8), count: 5000).flatMap(\.self),
    ]
  }()

  @Test("what is compressed comes back", arguments: texts)
  func comesBack(text: [UInt8]) throws {
    #expect(try LZW.decompress(LZW.compress(text), limit: text.count) == text)
  }

  /// Each width of a code changes after a number of codes, and at each the table may be full or the text over.
  @Test("whatever the length, where widths change and where the table is full")
  func everyLength() throws {
    var generator = SeededGenerator(seed: 11)
    let text = (0..<9000).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    for count in [0..<300, 500..<530, 760..<780, 1780..<1800, 3820..<3860, 7660..<7700].joined() {
      let part = Array(text.prefix(count))
      #expect(try LZW.decompress(LZW.compress(part), limit: count) == part, "\(count) bytes")
    }
  }

  @Test("no more comes out than the limit")
  func limit() {
    let bomb = LZW.compress(Array(repeating: 0, count: 1_000_000))
    #expect(bomb.count < 3000)
    let error = #expect(throws: WireError.self) { try LZW.decompress(bomb, limit: 65_535) }
    guard case .tooLong(let count, 65_535) = error?.reason else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(count <= 65_535 + 4096)
  }

  @Test("what is cut off or corrupt is refused")
  func refuses() throws {
    let compressed = LZW.compress(Self.texts[6])
    for count in [0, 1, 2, compressed.count / 2, compressed.count - 1] {
      #expect(throws: WireError.self) { try LZW.decompress(compressed.prefix(count), limit: 100_000) }
    }
    // Codes of 9 bits: a code that nothing has defined, first and later.
    #expect(throws: WireError(.corruptCompression, at: 2)) { try LZW.decompress([0x02, 0x01], limit: 10) }
    #expect(throws: WireError(.corruptCompression, at: 3)) { try LZW.decompress([65, 0x08, 0x02], limit: 10) }
    #expect(throws: WireError(.incomplete(missing: 1), at: 3)) {
      try LZW.decompress([65, 0x04, 0x02], limit: 10)
    }
  }
}
