import NIOCore
import Testing

@testable import KubernetesClient

@Suite("Lines of a watch")
struct LineSplitterTests {
  private static let text = "{\"a\":1}\n\n{\"büffel\":\"€\"}\nx\n"
  private static let lines = ["{\"a\":1}", "", "{\"büffel\":\"€\"}", "x"]

  @Test("lines come out whole wherever the stream is cut once", arguments: 0...text.utf8.count)
  func oneCut(position: Int) throws {
    let bytes = Array(Self.text.utf8)
    #expect(try split([Array(bytes[..<position]), Array(bytes[position...])]) == Self.lines)
  }

  @Test("lines come out whole from chunks of any size", arguments: 1...7)
  func chunks(size: Int) throws {
    let bytes = Array(Self.text.utf8)
    let chunks = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
    #expect(try split(chunks) == Self.lines)
  }

  @Test("a line without its end is left over")
  func leftOver() throws {
    var splitter = LineSplitter(maximumLength: 100)
    splitter.append(ByteBuffer(string: "a\nb"))
    #expect(try splitter.next() == ByteBuffer(string: "a"))
    #expect(try splitter.next() == nil)
    #expect(splitter.hasPartialLine)
  }

  @Test("a line may have the maximum length and no more", arguments: ["12345678\n", "12345678"])
  func bound(text: String) throws {
    var splitter = LineSplitter(maximumLength: 8)
    splitter.append(ByteBuffer(string: text))
    _ = try splitter.next()
    var tooLong = LineSplitter(maximumLength: 7)
    tooLong.append(ByteBuffer(string: text))
    #expect(throws: KubernetesError.self) { try tooLong.next() }
  }

  private func split(_ chunks: [[UInt8]]) throws -> [String] {
    var splitter = LineSplitter(maximumLength: 100)
    var lines: [String] = []
    for chunk in chunks {
      splitter.append(ByteBuffer(bytes: chunk))
      while let line = try splitter.next() { lines.append(String(buffer: line)) }
    }
    #expect(!splitter.hasPartialLine)
    return lines
  }
}
