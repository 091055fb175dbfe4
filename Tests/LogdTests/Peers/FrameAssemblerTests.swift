import NIOCore
import TestSupport
import Testing

@testable import Logd

@Suite("Peers: frames out of reads")
struct FrameAssemblerTests {
  private static func frame(_ length: Int, _ byte: UInt8) -> ByteBuffer {
    var frame = ByteBuffer(integer: UInt32(length), endianness: .little)
    frame.writeRepeatingByte(byte, count: length)
    return frame
  }

  private static func random(_ choices: [Int], _ random: inout SeededGenerator) -> Int {
    choices[Int.random(in: choices.indices, using: &random)]
  }

  private func frames(_ assembler: inout FrameAssembler, _ bytes: ByteBuffer) throws -> [ByteBuffer] {
    assembler.append(bytes)
    var frames: [ByteBuffer] = []
    while let frame = try assembler.next() { frames.append(frame) }
    return frames
  }

  @Test("the frames do not depend on how the bytes come", arguments: 0..<50 as Range<UInt64>)
  func cuts(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let frames = (0..<20).map { number in
      Self.frame(Int.random(in: 0...Self.random([5, 100, 5_000], &random), using: &random), number)
    }
    var bytes = ByteBuffer()
    for frame in frames { bytes.writeImmutableBuffer(frame) }
    var assembler = FrameAssembler(maximumFrameBytes: 5_000)
    var found: [ByteBuffer] = []
    while bytes.readableBytes > 0 {
      let length = Int.random(in: 1...Self.random([1, 6, 3_000], &random), using: &random)
      guard let piece = bytes.readSlice(length: min(length, bytes.readableBytes)) else { break }
      found += try self.frames(&assembler, piece)
    }
    #expect(found == frames)
    #expect(assembler.partialBytes == 0)
  }

  @Test("a frame that came whole is not copied; one that did not has a buffer of its own size")
  func buffers() throws {
    var assembler = FrameAssembler(maximumFrameBytes: 2 << 20)
    var read = ByteBuffer()
    read.reserveCapacity(64 << 10)
    let large = Self.frame((1 << 20) - 4, 2)
    read.writeImmutableBuffer(Self.frame(10, 1))
    read.writeImmutableBuffer(try #require(large.getSlice(at: 0, length: 1_000)))
    #expect(try frames(&assembler, read).map(\.storageCapacity) == [64 << 10])
    var rest = try #require(large.getSlice(at: 1_000, length: large.readableBytes - 1_000))
    while let piece = rest.readSlice(length: min(30_000, rest.readableBytes)), piece.readableBytes > 0 {
      for frame in try frames(&assembler, piece) {
        #expect(frame == large)
        #expect(frame.storageCapacity == 1 << 20)
      }
    }
  }

  @Test("a length over the limit is an error at once, also when it comes byte by byte")
  func tooLong() throws {
    var assembler = FrameAssembler(maximumFrameBytes: 100)
    #expect(throws: FrameAssembler.LengthError(length: 101, maximum: 100)) {
      try frames(&assembler, ByteBuffer(integer: UInt32(101), endianness: .little))
    }
    var slow = FrameAssembler(maximumFrameBytes: 100)
    for byte: UInt8 in [0xFF, 0xFF, 0xFF] { #expect(try frames(&slow, ByteBuffer(integer: byte)) == []) }
    #expect(throws: FrameAssembler.LengthError.self) { try frames(&slow, ByteBuffer(integer: UInt8(0xFF))) }
  }

  @Test("room is made for what is there and a little more, not for what is said to come")
  func reserve() throws {
    var assembler = FrameAssembler(maximumFrameBytes: 1 << 30)
    #expect(try frames(&assembler, ByteBuffer(integer: UInt32(1 << 30), endianness: .little)) == [])
    #expect(assembler.partialCapacity <= 2 << 20)
  }
}
