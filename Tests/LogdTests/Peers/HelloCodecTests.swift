import NIOCore
import Raft
import TestSupport
import Testing

@testable import Logd

@Suite("Peers: greetings as bytes")
struct HelloCodecTests {
  static let hellos = [
    PeerSamples.hello(), PeerSamples.hello(cluster: nil, lane: .data),
    Hello(
      clusterID: String(repeating: "c", count: 255), sender: PeerSamples.peer(String(repeating: "ä", count: 126)),
      address: String(repeating: "x", count: 261), receiver: PeerSamples.peer(String(repeating: "b", count: 253)),
      lane: .control),
  ]

  static let answers =
    [nil] + HelloRefusal.allCases.map { HelloAnswer(refusal: $0, clusterID: "c", peer: PeerSamples.peer("b")) }

  private func prefixesAreIncomplete<Contents>(
    of encoded: ByteBuffer, _ decode: (inout ByteBuffer) throws -> Greeting<Contents>?
  ) throws {
    for length in 0..<encoded.readableBytes {
      var part = try #require(encoded.getSlice(at: 0, length: length))
      #expect(try decode(&part) == nil)
      #expect(part.readableBytes == length)
    }
  }

  @Test("a hello comes back as it was, whole only, and leaves what follows", arguments: hellos)
  func hello(hello: Hello) throws {
    var encoded = HelloCodec.encode(hello)
    try prefixesAreIncomplete(of: encoded) { try HelloCodec.decodeHello(&$0) }
    encoded.writeInteger(UInt8(9))
    #expect(try HelloCodec.decodeHello(&encoded) == .known(hello))
    #expect(encoded.readableBytes == 1)
  }

  @Test("so does an answer", arguments: answers)
  func answer(answer: HelloAnswer?) throws {
    let answer = answer ?? HelloAnswer(refusal: nil, clusterID: nil, peer: PeerSamples.peer("b"))
    var encoded = HelloCodec.encode(answer)
    try prefixesAreIncomplete(of: encoded) { try HelloCodec.decodeAnswer(&$0) }
    #expect(try HelloCodec.decodeAnswer(&encoded) == .known(answer))
  }

  @Test("they are the bytes of version 1, which nodes of that version read and write")
  func golden() throws {
    let encoded =
      Self.hellos.map(HelloCodec.encode)
      + Self.answers.compactMap { $0 }.map(HelloCodec.encode)
    try GoldenLines("hellos-1.txt").check(encoded.map { Array($0.readableBytesView) })
  }

  @Test("a flipped bit is an error, wherever it is")
  func damage() throws {
    let encoded = HelloCodec.encode(PeerSamples.hello())
    for position in 4..<encoded.readableBytes {
      for bit in 0..<8 {
        var damaged = encoded
        let byte = try #require(damaged.getInteger(at: position, as: UInt8.self))
        damaged.setInteger(byte ^ (1 << bit), at: position)
        #expect(throws: HelloCodec.DecodingError.self, "byte \(position) bit \(bit)") {
          try HelloCodec.decodeHello(&damaged)
        }
      }
    }
  }

  @Test("one that is too long is refused by its length alone", arguments: [0, 7, 2049, UInt32.max])
  func length(length: UInt32) {
    var bytes = ByteBuffer(integer: length, endianness: .little)
    #expect(throws: HelloCodec.DecodingError.self) { try HelloCodec.decodeHello(&bytes) }
  }

  /// Changes bytes and puts the checksum right.
  private func forged(_ encoded: ByteBuffer, _ change: (inout ByteBuffer) -> Void) -> ByteBuffer {
    var bytes = encoded
    change(&bytes)
    bytes.setInteger(UInt32(bytes.readableBytes - 4), at: 0, endianness: .little)
    let checksum = HelloCodec.checksum(of: bytes.readableBytesView.dropFirst(8))
    bytes.setInteger(checksum, at: 4, endianness: .little)
    return bytes
  }

  @Test("another version is known as that, whatever follows it")
  func otherVersion() throws {
    var bytes = forged(HelloCodec.encode(PeerSamples.hello())) { bytes in
      bytes.setInteger(UInt8(2), at: 11)
      bytes.writeString("what version 2 has more")
    }
    #expect(try HelloCodec.decodeHello(&bytes) == .otherVersion(2))
    #expect(bytes.readableBytes == 0)
  }

  @Test("an answer is no hello, and bytes behind the fields are an error")
  func others() throws {
    var answer = HelloCodec.encode(HelloAnswer(refusal: nil, clusterID: nil, peer: PeerSamples.peer("b")))
    #expect(throws: HelloCodec.DecodingError.self) { try HelloCodec.decodeHello(&answer) }
    var longer = forged(HelloCodec.encode(PeerSamples.hello())) { $0.writeInteger(UInt8(0)) }
    #expect(throws: HelloCodec.DecodingError.self) { try HelloCodec.decodeHello(&longer) }
    var lane = forged(HelloCodec.encode(PeerSamples.hello())) { $0.setInteger(UInt8(2), at: 12) }
    #expect(throws: HelloCodec.DecodingError.self) { try HelloCodec.decodeHello(&lane) }
  }

  @Test("an address of our own that is too long is left out")
  func longAddress() throws {
    var hello = PeerSamples.hello()
    hello.address = String(repeating: "x", count: 262)
    var encoded = HelloCodec.encode(hello)
    hello.address = ""
    #expect(try HelloCodec.decodeHello(&encoded) == .known(hello))
  }
}
