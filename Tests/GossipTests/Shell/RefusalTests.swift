import Foundation
import MetricsTestKit
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Gossip

/// What strangers send, and what must not come of it.
@Suite(.timeLimit(.minutes(5))) struct RefusalTests {
  private let key = GossipKey.random()

  private func node(
    _ name: String = "a", isEncrypted: Bool = true, _ change: (inout GossipConfiguration) -> Void = { _ in }
  ) async throws -> TestNode {
    let security = GossipSecurity(keyring: isEncrypted ? try Keyring([key]) : nil)
    return try await TestNode(name, security: security, change: change)
  }

  /// That it still takes others in, over TCP and UDP.
  private func expectHealthy(_ node: TestNode, isEncrypted: Bool = true) async throws {
    let other = try await self.node("other", isEncrypted: isEncrypted)
    try await other.join(node.address)
    try await node.sees("other", .alive)
    try await other.leave()
    try await node.sees("other", .left)
    await node.node.shutdown()
  }

  /// The head of a handshake of TLS, with or without a certificate: it is all the same to gossip.
  private static let hello: [UInt8] = [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3]

  private static let strangers: [(bytes: [UInt8], isEncrypted: Bool, reason: String)] = [
    (hello, true, "plaintext"), (hello, false, "malformed"),
    (MemberlistCodec.encode(stream: .error("x")), true, "plaintext"),
    (Array("GET / HTTP/1.1\r\n\r\n".utf8), false, "malformed"),
    ([10, 0, 0, 0, 29] + Array(repeating: 1, count: 29), true, "undecryptable"),
    ([10, 0, 0, 0, 29] + Array(repeating: 1, count: 29), false, "encrypted"), ([244, 1, 65, 6], true, "labelled"),
    ([10, 255, 255, 255, 255], true, "size"), ([2, 0x80], false, "malformed"),
  ]

  @Test("bytes that are no gossip of this cluster are refused, counted and answered by the end", arguments: strangers)
  func streams(stranger: (bytes: [UInt8], isEncrypted: Bool, reason: String)) async throws {
    let node = try await node(isEncrypted: stranger.isEncrypted)
    let client = try await Client(node.address)
    try await client.send(stranger.bytes)
    try await client.closed()
    #expect(node.refusals(stranger.reason) == 1)
    try await expectHealthy(node, isEncrypted: stranger.isEncrypted)
  }

  @Test("a first byte that never comes is cut off")
  func silence() async throws {
    let node = try await node { $0.limits.firstByteTimeout = .milliseconds(50) }
    let client = try await Client(node.address)
    try await client.closed()
    #expect(node.refusals("silent") == 1)
    try await expectHealthy(node)
  }

  @Test("a message that never ends is cut off")
  func stall() async throws {
    let node = try await node { $0.settings.streamTimeout = .seconds(2) }
    let client = try await Client(node.address)
    try await client.send([10, 0, 0, 1, 0, 1])
    try await client.closed()
    #expect(node.refusals("stalled") == 1)
    try await expectHealthy(node)
  }

  @Test("idle connections do not keep out who has something to say")
  func idle() async throws {
    let node = try await node { $0.limits.streams = 8 }
    var clients: [Client] = []
    for _ in 0..<200 { clients.append(try await Client(node.address)) }
    for client in clients.prefix(192) { try await client.closed() }
    #expect(node.refusals("silent") == 192)
    try await expectHealthy(node)
  }

  @Test("streams that talk and do not end are bounded in number")
  func busy() async throws {
    let node = try await node {
      $0.limits.streams = 4
      $0.settings.streamTimeout = .seconds(3)
    }
    var clients: [Client] = []
    for _ in 0..<5 {
      let client = try await Client(node.address)
      try await client.send([10, 0, 0, 1, 0])
      clients.append(client)
    }
    for client in clients { try await client.closed() }
    #expect(node.refusals("streams") + node.refusals("silent") >= 1)
    try await expectHealthy(node)
  }

  @Test("all streams together hold no more bytes than they may")
  func bytes() async throws {
    let node = try await node {
      $0.limits.allStreamBytes = 100_000
      $0.settings.streamTimeout = .seconds(30)
    }
    let clients = [try await Client(node.address), try await Client(node.address)]
    for client in clients { try await client.send([10, 0, 1, 0x80, 0] + Array(repeating: 0, count: 70_000)) }
    try await eventually("one is cut off") { node.refusals("size") == 1 ? true : nil }
    for client in clients { client.close() }
    try await expectHealthy(node)
  }

  @Test("packets that are no gossip of this cluster are refused and counted")
  func packets() async throws {
    let node = try await node()
    let stranger = try await DatagramClient()
    let nack = MemberlistCodec.encode(.nack(ProbeNumber(1)))
    for packet in [[], [1], nack, Self.hello, Array(repeating: 1, count: 1400)] {
      try await stranger.send(packet, to: node.address)
    }
    try await stranger.send(try Keyring([.random()]).seal(packet: nack), to: node.address)
    try await stranger.send(try Keyring([key]).seal(packet: [99]), to: node.address)
    try await eventually("all are counted") { () -> Bool? in
      let all = ["undecryptable", "plaintext", "malformed"].reduce(0) { $0 + node.refusals($1) }
      return all == 7 ? true : nil
    }
    #expect(node.refusals("malformed") == 2, "the empty one, and the one that a member sealed")
    try await stranger.close()
    try await expectHealthy(node)
  }

  @Test("an address that cannot be sent to cuts nobody off")
  func unsendable() async throws {
    let node = try await node(isEncrypted: false)
    let stranger = try await DatagramClient()
    for bytes: [UInt8] in [[255, 255, 255, 255], [240, 0, 0, 1], Array(repeating: 0xfe, count: 16)] {
      let ping = Ping(
        number: ProbeNumber(1), target: MemberName("a"), source: GossipAddress(bytes: bytes, port: 9), sourceName: nil)
      try await stranger.send(MemberlistCodec.encode(.ping(ping)), to: node.address)
    }
    try await eventually("a send fails") {
      node.metrics.counterTotal(label: "proglog_gossip_failed_sends_total") > 0 ? true : nil
    }
    let ping = Ping(number: ProbeNumber(7), target: MemberName("a"), source: nil, sourceName: nil)
    try await stranger.send(MemberlistCodec.encode(.ping(ping)), to: node.address)
    let answer = try await eventually("the stranger is answered") { stranger.received.first }
    #expect(try MemberlistCodec.decode(packet: answer).messages.first == .ack(Ack(number: ProbeNumber(7))))
    try await stranger.close()
    try await expectHealthy(node, isEncrypted: false)
  }
}

/// A stranger's connection, which is done when the other side has closed it.
private final class Client: Sendable {
  private let channel: any Channel

  init(_ address: GossipAddress) async throws {
    channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(
      to: address.socketAddress()
    ).get()
  }

  func send(_ bytes: [UInt8]) async throws {
    // The other side may have closed before it has read all.
    channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
  }

  func closed() async throws { try await channel.closeFuture.get() }

  func close() { channel.close(promise: nil) }
}

private final class DatagramClient: Sendable {
  private let channel: any Channel
  private let packets: PacketLog

  private final class PacketLog: ChannelInboundHandler, Sendable {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    let packets = Mutex<[[UInt8]]>([])

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let packet = Array(buffer: unwrapInboundIn(data).data)
      packets.withLock { $0.append(packet) }
    }
  }

  init() async throws {
    let log = PacketLog()
    packets = log
    channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(log) }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  var received: [[UInt8]] { packets.packets.withLock { $0 } }

  func send(_ packet: [UInt8], to address: GossipAddress) async throws {
    let envelope = AddressedEnvelope(
      remoteAddress: try address.socketAddress(), data: ByteBuffer(bytes: packet))
    try await channel.writeAndFlush(envelope)
  }

  func close() async throws { try await channel.close() }
}
