import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Logd
@testable import Raft

@Suite("Peers that do not read", .timeLimit(.minutes(5)))
struct StuckPeerTests {
  private static let deaf = PeerSamples.peer("b")

  private func withDeafPeer(
    _ configuration: PeerConnections.Configuration, _ body: (PeerNode, DeafPeer) async throws -> Void
  ) async throws {
    try await withLoop { group in
      let a = try await PeerNode.start(PeerSamples.peer("a"), on: group, configuration: configuration)
      let deaf = try await DeafPeer.start(Self.deaf, on: MultiThreadedEventLoopGroup.singleton)
      try await a.setMembers([deaf.member])
      try await eventually("both lanes are ready") { try await a.connections() == (2, 0) ? true : nil }
      try await body(a, deaf)
      try await a.stop()
      try await deaf.listener.close()
    }
  }

  /// Bytes that wait in this process.
  private func waiting(_ node: PeerNode, _ lane: PeerLane) async throws -> Int {
    try await node.peers.eventLoop.submit {
      let channel = node.peers.hub.value.remotes[Self.deaf]?.route(lane)?.channel
      return try channel?.syncOptions?.getOption(.bufferedWritableBytes) ?? 0
    }.get()
  }

  @Test("data that nobody reads waits up to its bound, is dropped beyond it, told once, and holds no heartbeat up")
  func bounded() async throws {
    var configuration = PeerNode.defaults
    configuration.maximumInflightBytes = 2 << 20
    try await withDeafPeer(configuration) { a, deaf in
      let message = PeerSamples.append([300_000])
      let bytes = PeerSamples.bytes(message).readableBytes
      // Far more than the sockets of both sides hold.
      for _ in 0..<200 { try await a.send([message], to: deaf.peer) }
      try await eventually("a hears of the loss") { a.inbox.lost == [deaf.peer] ? true : nil }
      let full = try await waiting(a, .data)
      #expect(full > 2 << 20)
      #expect(full <= 9 * (2 << 20) / 8 + bytes)
      for round in 1...50 { try await a.send([PeerSamples.heartbeat(UInt64(round)), message], to: deaf.peer) }
      try await eventually("all heartbeats") {
        deaf.heard.control == (1...50).map { PeerSamples.heartbeat(UInt64($0)) } ? true : nil
      }
      #expect(try await waiting(a, .data) <= full)
      // Still the same episode.
      #expect(a.inbox.lost == [deaf.peer])
    }
  }

  @Test("so it is with what is small")
  func boundedControl() async throws {
    var configuration = PeerNode.defaults
    configuration.maximumControlBytes = 64 << 10
    try await withDeafPeer(configuration) { a, deaf in
      // In one turn of the loop nothing of it can be written.
      let waiting = try await a.peers.eventLoop.submit {
        for round in 0..<10_000 { a.peers.send(PeerSamples.heartbeat(UInt64(round)), to: deaf.peer) }
        let channel = a.peers.hub.value.remotes[Self.deaf]?.route(.control)?.channel
        defer { a.peers.flush() }
        return try channel?.syncOptions?.getOption(.bufferedWritableBytes) ?? 0
      }.get()
      #expect(waiting > 32 << 10)
      #expect(waiting <= 64 << 10 + 1 << 10)
      try await eventually("those that were taken") { deaf.heard.control.count > 900 ? true : nil }
      #expect(deaf.heard.control.prefix(900).elementsEqual((0..<900).map { PeerSamples.heartbeat(UInt64($0)) }))
    }
  }

  @Test("the kernel ends a connection whose other side takes nothing for twice the election timeout")
  func userTimeout() async throws {
    var configuration = PeerNode.defaults
    configuration.electionTimeout = .milliseconds(200)
    configuration.maximumInflightBytes = 1 << 20
    try await withDeafPeer(configuration) { a, deaf in
      let message = PeerSamples.append([300_000])
      for _ in 0..<100 { try await a.send([message], to: deaf.peer) }
      try await eventually("a has dialed again") { deaf.heard.dataConnections.count >= 2 ? true : nil }
      // What was dropped, what broke, and the way that is open again.
      try await eventually("a hears of all that") { a.inbox.lost.count >= 2 ? true : nil }
    }
  }
}
