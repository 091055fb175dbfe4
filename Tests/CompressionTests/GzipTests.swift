import Compression
import NIOCore
import Testing

@Suite("Gzip")
struct GzipTests {
  @Test("gzip gives back what it took", arguments: [0, 1, 1000, 300_000])
  func gzip(size: Int) throws {
    let message = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) })
    var compressed = ByteBuffer()
    Gzip.compress(message, into: &compressed)
    #expect(try Gzip.decompress(compressed, maximumBytes: size) == message)
  }

  @Test("a gzip bomb is stopped at the limit")
  func gzipBomb() {
    var compressed = ByteBuffer()
    Gzip.compress(ByteBuffer(repeating: 0, count: 10 << 20), into: &compressed)
    #expect(compressed.readableBytes < 100_000)
    #expect(throws: GzipError.tooLarge(limit: 65536)) {
      try Gzip.decompress(compressed, maximumBytes: 65536)
    }
  }

  @Test("damaged gzip is refused")
  func damagedGzip() throws {
    var compressed = ByteBuffer()
    Gzip.compress(ByteBuffer(string: "hello, hello, hello"), into: &compressed)
    let truncated = try #require(compressed.getSlice(at: 0, length: compressed.readableBytes - 3))
    var trailing = compressed
    trailing.writeInteger(UInt8(0))
    for damaged in [truncated, trailing, ByteBuffer(string: "no gzip at all"), ByteBuffer()] {
      let error = #expect(throws: GzipError.self) { try Gzip.decompress(damaged, maximumBytes: 1000) }
      guard case .invalid = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }
}
