import NIOCore
import Testing

@testable import RPCServer

@Suite("Message framing")
struct MessageFramerTests {
  private static func frame(_ text: String, flag: UInt8 = 0) -> [UInt8] {
    [flag, 0, 0, 0, UInt8(text.utf8.count)] + Array(text.utf8)
  }

  @Test("messages come out the same however the frames cut them", arguments: 1...17)
  func splits(size: Int) throws {
    let texts = ["first", "", "the second", "x"]
    let bytes = texts.flatMap { Self.frame($0) }
    var framer = MessageFramer(maximumMessageBytes: 100)
    var received: [String] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      framer.append(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
      while let message = try framer.next() {
        #expect(!message.isCompressed)
        received.append(String(buffer: message.payload))
      }
    }
    #expect(received == texts)
    #expect(!framer.hasPartialMessage)
  }

  @Test("a part of a message stays")
  func partial() throws {
    var framer = MessageFramer(maximumMessageBytes: 100)
    framer.append(ByteBuffer(bytes: Self.frame("hello", flag: 1).dropLast()))
    #expect(try framer.next() == nil)
    #expect(framer.hasPartialMessage)
    framer.append(ByteBuffer(string: "o"))
    #expect(try framer.next() == .init(isCompressed: true, payload: ByteBuffer(string: "hello")))
  }

  @Test("a message over the limit is refused by its prefix alone")
  func oversize() {
    var framer = MessageFramer(maximumMessageBytes: 4)
    framer.append(ByteBuffer(bytes: [0, 0, 0, 0, 5]))
    #expect(throws: RPCStatus(.resourceExhausted, "message of 5 bytes is larger than the limit of 4 bytes")) {
      try framer.next()
    }
  }

  @Test("a message of exactly the limit is taken")
  func atLimit() throws {
    var framer = MessageFramer(maximumMessageBytes: 4)
    framer.append(ByteBuffer(bytes: Self.frame("four")))
    #expect(try framer.next()?.payload == ByteBuffer(string: "four"))
  }

  @Test("an unknown flag is INTERNAL")
  func badFlag() {
    var framer = MessageFramer(maximumMessageBytes: 4)
    framer.append(ByteBuffer(bytes: [2]))
    let status = #expect(throws: RPCStatus.self) { try framer.next() }
    #expect(status?.code == .internal)
  }
}
