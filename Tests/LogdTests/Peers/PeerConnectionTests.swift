import CommitLog
import NIOCore
import NIOEmbedded
import Testing

@testable import Logd
@testable import Raft

@Suite("Peers: one connection")
struct PeerConnectionTests {
  /// Says what it is told to, and writes down what it hears.
  private final class Owner: PeerConnectionOwner {
    var refusal: HelloRefusal?
    var calls: [String] = []
    var messages: [Message] = []
    var onMessage: (PeerConnection) -> Void = { _ in }

    func answer(_ hello: Greeting<Hello>, on connection: PeerConnection) -> HelloAnswer {
      calls.append("hello")
      return HelloAnswer(
        refusal: hello == .otherVersion(2) ? .version : refusal, clusterID: "c", peer: PeerSamples.peer("b"))
    }
    func opened(_ connection: PeerConnection) { calls.append("opened") }
    func refused(_ connection: PeerConnection, _ refusal: HelloRefusal, by peer: Peer?) {
      calls.append("refused \(refusal)")
    }
    func received(_ message: Message, on connection: PeerConnection) {
      messages.append(message)
      onMessage(connection)
    }
    func failed(_ connection: PeerConnection, _ error: any Error) { calls.append("failed \(error)") }
    func ended(_ connection: PeerConnection) { calls.append("ended") }
  }

  private struct Fixture {
    let owner = Owner()
    let channel = EmbeddedChannel()
    let connection: PeerConnection

    init(_ side: PeerConnection.Side) throws {
      connection = PeerConnection(
        side: side, certificate: nil,
        limits: .init(
          greetingTimeout: .seconds(10), maximumFrameBytes: 4 << 20, maximumControlBytes: 256 << 10,
          maximumDataBytes: 8 << 20), metrics: PeerMetrics(), owner: owner)
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
      try channel.pipeline.syncOperations.addHandler(connection)
    }

    func read(_ buffers: ByteBuffer...) throws {
      var bytes = ByteBuffer()
      for buffer in buffers { bytes.writeImmutableBuffer(buffer) }
      try channel.writeInbound(bytes)
    }

    func written() throws -> [ByteBuffer] {
      var buffers: [ByteBuffer] = []
      while let buffer = try channel.readOutbound(as: ByteBuffer.self) { buffers.append(buffer) }
      return buffers
    }
  }

  private static let welcome = HelloAnswer(refusal: nil, clusterID: "c", peer: PeerSamples.peer("b"))

  private func accepted(_ lane: PeerLane) throws -> Fixture {
    let fixture = try Fixture(.acceptor)
    try fixture.read(HelloCodec.encode(PeerSamples.hello(lane: lane)))
    _ = try fixture.written()
    return fixture
  }

  @Test("a hello is welcomed, and what came behind it is delivered in order")
  func accepts() throws {
    let fixture = try Fixture(.acceptor)
    try fixture.read(
      HelloCodec.encode(PeerSamples.hello(lane: .data)), PeerSamples.bytes(PeerSamples.heartbeat(1)),
      PeerSamples.bytes(PeerSamples.append([10])))
    #expect(try fixture.written() == [HelloCodec.encode(Self.welcome)])
    #expect(fixture.owner.calls == ["hello", "opened"])
    #expect(fixture.owner.messages.map(\.description).count == 2)
    #expect(fixture.owner.messages.first == PeerSamples.heartbeat(1))
    #expect(fixture.connection.partner == .init(peer: PeerSamples.peer("a"), lane: .data, clusterID: "c"))
    // The time for the greeting is over, and does not matter any more.
    fixture.channel.embeddedEventLoop.advanceTime(by: .minutes(1))
    #expect(fixture.channel.isActive)
    _ = try fixture.channel.finish()
    #expect(fixture.owner.calls == ["hello", "opened", "ended"])
  }

  @Test("one who dials says hello, and is open once it is welcome")
  func dials() throws {
    let hello = PeerSamples.hello()
    let fixture = try Fixture(.dialer(hello))
    #expect(try fixture.written() == [HelloCodec.encode(hello)])
    #expect(!fixture.connection.send(PeerSamples.heartbeat(1)))
    try fixture.read(HelloCodec.encode(Self.welcome), PeerSamples.bytes(PeerSamples.heartbeat(2)))
    #expect(fixture.owner.calls == ["opened"])
    #expect(fixture.owner.messages == [PeerSamples.heartbeat(2)])
    #expect(fixture.connection.send(PeerSamples.heartbeat(3)))
    fixture.connection.flush()
    #expect(try fixture.written() == [PeerSamples.bytes(PeerSamples.heartbeat(3))])
  }

  @Test("who is refused is told why, and not listened to any more")
  func refuses() throws {
    let fixture = try Fixture(.acceptor)
    fixture.owner.refusal = .otherCluster
    try fixture.read(HelloCodec.encode(PeerSamples.hello()), PeerSamples.bytes(PeerSamples.heartbeat(1)))
    var answer = Self.welcome
    answer.refusal = .otherCluster
    #expect(try fixture.written() == [HelloCodec.encode(answer)])
    #expect(fixture.owner.calls == ["hello", "ended"])
    #expect(fixture.owner.messages.isEmpty)
    #expect(!fixture.channel.isActive)
  }

  @Test("a refusal, the welcome of another, and an answer of another version end the connection")
  func refused() throws {
    var refusal = Self.welcome
    refusal.refusal = .otherIncarnation
    var other = Self.welcome
    other.peer = PeerSamples.peer("b", life: 2)
    var version = HelloCodec.encode(Self.welcome)
    version.setInteger(UInt8(2), at: 11)
    version.setInteger(HelloCodec.checksum(of: version.readableBytesView.dropFirst(8)), at: 4, endianness: .little)
    for (bytes, call) in [
      (HelloCodec.encode(refusal), "refused otherIncarnation"),
      (HelloCodec.encode(other), "failed \(PeerConnection.Failure.wrongPeer(other.peer))"),
      (version, "refused version"),
    ] {
      let fixture = try Fixture(.dialer(PeerSamples.hello()))
      try fixture.read(bytes)
      #expect(fixture.owner.calls == [call, "ended"])
      #expect(!fixture.channel.isActive)
    }
  }

  @Test("who says nothing, or too little, is closed when its time is over", arguments: [0, 1, 20])
  func deadline(bytes: Int) throws {
    let fixture = try Fixture(.acceptor)
    try fixture.read(try #require(HelloCodec.encode(PeerSamples.hello()).getSlice(at: 0, length: bytes)))
    fixture.channel.embeddedEventLoop.advanceTime(by: .seconds(9))
    #expect(fixture.channel.isActive)
    fixture.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(!fixture.channel.isActive)
    #expect(fixture.owner.calls.count == 2)
    #expect(fixture.owner.calls.last == "ended")
  }

  private static let noGreetings: [ByteBuffer] = [
    ByteBuffer(repeating: 0xFF, count: 100), ByteBuffer(repeating: 0, count: 100),
    ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ByteBuffer(integer: UInt32(2049), endianness: .little),
    ByteBuffer(bytes: [9, 0, 0, 0] + Array(repeating: 7, count: 9)),
  ]

  @Test("garbage closes it at once, before the greeting and after", arguments: noGreetings)
  func garbage(bytes: ByteBuffer) throws {
    let fixture = try Fixture(.acceptor)
    try fixture.read(bytes)
    #expect(!fixture.channel.isActive)
    #expect(fixture.owner.calls.count == 2)
    let greeted = try accepted(.control)
    try greeted.read(bytes)
    #expect(!greeted.channel.isActive)
    #expect(greeted.owner.messages.isEmpty)
  }

  @Test("the control lane takes no large frame, the data lane none over its limit")
  func frameLimits() throws {
    for (lane, limit) in [(PeerLane.control, 1 << 10), (.data, 4 << 20)] {
      let fixture = try accepted(lane)
      try fixture.read(ByteBuffer(integer: UInt32(limit), endianness: .little))
      #expect(fixture.channel.isActive)
      let other = try accepted(lane)
      try other.read(ByteBuffer(integer: UInt32(limit + 1), endianness: .little))
      #expect(!other.channel.isActive)
    }
  }

  @Test("small messages of one turn leave in one buffer, large batches as they are, all in order")
  func writes() throws {
    let fixture = try accepted(.data)
    let large = PeerSamples.append([100_000])
    let messages = [PeerSamples.heartbeat(1), PeerSamples.append([10]), large, PeerSamples.heartbeat(2)]
    for message in messages { #expect(fixture.connection.send(message)) }
    #expect(try fixture.written() == [])
    fixture.connection.flush()
    let buffers = try fixture.written()
    #expect(buffers.count == 4)
    guard case .appendRequest(let request) = large else { preconditionFailure("\(large)") }
    #expect(buffers[2] == request.batches[0].buffer)
    var bytes = ByteBuffer()
    for message in messages { bytes.writeImmutableBuffer(PeerSamples.bytes(message)) }
    #expect(ByteBuffer(buffers: buffers) == bytes)
    // A second turn, in the buffer of the first or in another, but not over it.
    #expect(fixture.connection.send(PeerSamples.heartbeat(3)))
    fixture.connection.flush()
    #expect(buffers[3] == PeerSamples.bytes(PeerSamples.heartbeat(2)))
    #expect(try fixture.written() == [PeerSamples.bytes(PeerSamples.heartbeat(3))])
  }

  @Test("nothing is taken while too much waits")
  func notWritable() throws {
    let fixture = try accepted(.control)
    fixture.channel.isWritable = false
    #expect(!fixture.connection.send(PeerSamples.heartbeat(1)))
    fixture.channel.isWritable = true
    #expect(fixture.connection.send(PeerSamples.heartbeat(2)))
    fixture.connection.flush()
    #expect(try fixture.written() == [PeerSamples.bytes(PeerSamples.heartbeat(2))])
  }

  @Test("a batch keeps no more than twice its bytes of what was read with it")
  func pinned() throws {
    let fixture = try accepted(.data)
    let messages = [
      PeerSamples.append([20]), PeerSamples.append(Array(repeating: 2_000, count: 30)), PeerSamples.append([90_000]),
    ]
    try fixture.read(PeerSamples.bytes(messages[0]), PeerSamples.bytes(messages[1]), PeerSamples.bytes(messages[2]))
    #expect(fixture.owner.messages == messages)
    for case .appendRequest(let request) in fixture.owner.messages {
      for batch in request.batches { #expect(batch.buffer.storageCapacity <= 2 * batch.byteCount) }
    }
  }

  @Test("closed in the middle of a read, it delivers nothing more")
  func closedWhileReading() throws {
    let fixture = try accepted(.control)
    fixture.owner.onMessage = { $0.close() }
    try fixture.read(PeerSamples.bytes(PeerSamples.heartbeat(1)), PeerSamples.bytes(PeerSamples.heartbeat(2)))
    #expect(fixture.owner.messages == [PeerSamples.heartbeat(1)])
    #expect(fixture.owner.calls.last == "ended")
  }
}

extension ByteBuffer {
  fileprivate init(buffers: [ByteBuffer]) {
    self.init()
    for buffer in buffers { writeImmutableBuffer(buffer) }
  }
}
