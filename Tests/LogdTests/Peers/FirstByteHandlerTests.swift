import NIOCore
import NIOEmbedded
import Testing

@testable import Logd

@Suite("Peers: the first byte of a connection")
struct FirstByteHandlerTests {
  /// What a handler behind it sees.
  private final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    var seen: [String] = []

    func channelActive(context: ChannelHandlerContext) { seen.append("active") }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      seen.append("read " + String(buffer: unwrapInboundIn(data)))
    }
    func channelReadComplete(context: ChannelHandlerContext) { seen.append("complete") }
    func channelInactive(context: ChannelHandlerContext) { seen.append("inactive") }
  }

  private struct Refused: Error {}

  private final class Fixture {
    let channel = EmbeddedChannel()
    let recorder = Recorder()
    var spoken: [PortProtocol] = []
    var silences = 0

    init(refuses: Bool = false) throws {
      let handler = FirstByteHandler(timeout: .seconds(10)) { [unowned self] in
        spoken.append($0)
        if refuses { throw Refused() }
        try channel.pipeline.syncOperations.addHandler(recorder)
      } onSilence: { [unowned self] in
        silences += 1
      }
      try channel.pipeline.syncOperations.addHandler(handler)
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }
  }

  @Test("gRPC gets all bytes, the byte of peers is taken, and the handler is gone")
  func replays() throws {
    for (text, seen, spoken) in [("PRI *", "PRI *", PortProtocol.plaintext), ("\u{1}hello", "hello", .peer)] {
      let fixture = try Fixture()
      try fixture.channel.writeInbound(ByteBuffer(string: text))
      try fixture.channel.writeInbound(ByteBuffer(string: "\u{1}more"))
      #expect(fixture.spoken == [spoken])
      #expect(fixture.recorder.seen == ["active", "read \(seen)", "complete", "read \u{1}more", "complete"])
      #expect(throws: (any Error).self) {
        try fixture.channel.pipeline.syncOperations.handler(type: FirstByteHandler.self)
      }
      fixture.channel.embeddedEventLoop.advanceTime(by: .minutes(1))
      #expect(fixture.channel.isActive)
      #expect(fixture.silences == 0)
    }
  }

  @Test("the byte alone is enough, and nothing empty is read")
  func alone() throws {
    let fixture = try Fixture()
    try fixture.channel.writeInbound(ByteBuffer(bytes: [0x01]))
    #expect(fixture.recorder.seen == ["active", "complete"])
  }

  @Test("who says nothing is closed when its time is over")
  func silence() throws {
    let fixture = try Fixture()
    fixture.channel.embeddedEventLoop.advanceTime(by: .seconds(9))
    #expect(fixture.channel.isActive)
    fixture.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(!fixture.channel.isActive)
    #expect(fixture.silences == 1)
  }

  @Test("who is not taken is closed; who leaves is not counted as silent")
  func refused() throws {
    let fixture = try Fixture(refuses: true)
    try fixture.channel.writeInbound(ByteBuffer(string: "x"))
    #expect(!fixture.channel.isActive)
    let left = try Fixture()
    _ = try left.channel.finish()
    left.channel.embeddedEventLoop.advanceTime(by: .minutes(1))
    #expect(left.silences == 0)
  }
}
