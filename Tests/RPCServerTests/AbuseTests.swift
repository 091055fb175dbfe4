import Foundation
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import RPCServer

/// Each attack runs until the server cuts it off, while another connection makes calls that must all succeed.
@Suite("HTTP/2 abuse is cut off while others go on", .serialized, .timeLimit(.minutes(1)))
struct AbuseTests {
  /// More than a client can send before it is cut off: what the budget lets through, and two sockets' buffers.
  private static let maximumBytesSent = 16 << 20
  /// What this process, with all tests that run at the same time, may grow by; the bombs would be gigabytes.
  private static let maximumGrowth = 512 << 20

  struct Attack: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// Sent once, when the connection is open.
    var opening = ByteBuffer()
    /// Sent again and again; the argument counts from 0.
    var round: @Sendable (UInt32) -> ByteBuffer

    init(_ name: String, opening: ByteBuffer = ByteBuffer(), round: @escaping @Sendable (UInt32) -> ByteBuffer) {
      testDescription = name
      self.opening = opening
      self.round = round
    }

    /// The same frames in every round.
    init(_ name: String, opening: ByteBuffer = ByteBuffer(), repeating write: (inout ByteBuffer) -> Void) {
      var frames = ByteBuffer()
      for _ in 0..<Attack.framesPerRound { write(&frames) }
      self.init(name, opening: opening) { [frames] _ in frames }
    }

    static let framesPerRound = 200

    /// `write` makes what happens on one stream.
    init(_ name: String, streams write: @escaping @Sendable (inout ByteBuffer, UInt32) -> Void) {
      self.init(name) { round in
        var frames = ByteBuffer()
        for index in 0..<UInt32(Attack.framesPerRound) {
          write(&frames, 2 * (round * UInt32(Attack.framesPerRound) + index) + 1)
        }
        return frames
      }
    }
  }

  private static func call(flags: UInt8) -> ByteBuffer {
    var frames = ByteBuffer()
    frames.writeFrame(.headers, flags: flags, stream: 1, RawConnection.headerBlock())
    return frames
  }

  /// A header of 4000 bytes that goes into HPACK's table (RFC 7541, 6.2.1), and then 10,000 times one byte that means it.
  private static let bomb: [UInt8] =
    RawConnection.headerBlock() + [0x40, 1, UInt8(ascii: "x"), 0x7F, 0xA1, 0x1E] + [UInt8](repeating: 0x61, count: 4000)
    + [UInt8](repeating: 0xBE, count: 10_000)

  static let attacks = [
    Attack("rapid reset") { frames, stream in
      frames.writeFrame(.headers, flags: 4, stream: stream, RawConnection.headerBlock())
      frames.writeFrame(.reset, stream: stream, [0, 0, 0, 8])
    },
    Attack("resets provoked from the server") { frames, stream in
      frames.writeFrame(.headers, flags: 4, stream: stream, RawConnection.headerBlock())
      frames.writeFrame(.headers, flags: 4, stream: stream, RawConnection.headerBlock())
    },
    Attack("more streams than are allowed") { frames, stream in
      frames.writeFrame(.headers, flags: 4, stream: stream, RawConnection.headerBlock())
    },
    Attack("a ping flood") { $0.writeFrame(.ping, [1, 2, 3, 4, 5, 6, 7, 8]) },
    Attack("a flood of acknowledged pings") { $0.writeFrame(.ping, flags: 1, [1, 2, 3, 4, 5, 6, 7, 8]) },
    Attack("a settings flood") { $0.writeFrame(.settings, [0, 4, 0, 1, 0, 0]) },
    Attack("a flood of empty data", opening: call(flags: 4)) { $0.writeFrame(.data, stream: 1) },
    Attack("a flood of padding", opening: call(flags: 4)) { $0.writeFrame(.data, flags: 8, stream: 1, [3, 0, 0, 0]) },
    Attack("a continuation flood", opening: call(flags: 0)) { $0.writeFrame(.continuation, stream: 1) },
    Attack("a continuation flood with fields", opening: call(flags: 0)) {
      $0.writeFrame(.continuation, stream: 1, RawConnection.literal("x", "y"))
    },
    Attack("an HPACK bomb") { frames, stream in frames.writeFrame(.headers, flags: 4, stream: stream, bomb) },
    Attack("a block of headers that is too large") { frames, stream in
      frames.writeFrame(.headers, flags: 4, stream: stream, [UInt8](repeating: 0, count: 60_000))
    },
    Attack("a priority flood") { $0.writeFrame(.priority, stream: 3, [0, 0, 0, 0, 1]) },
    Attack("a window update flood") { $0.writeFrame(.windowUpdate, [0, 0, 0, 1]) },
    Attack("a flood of frames of an unknown type") { $0.writeFrame(type: 0xAA) },
    Attack("garbage") { $0.writeBytes([UInt8](repeating: 0xFE, count: 16)) },
  ]

  @Test("the attacker is cut off within a bound, and the other's calls succeed", arguments: attacks)
  func attack(attack: Attack) async throws {
    let observer = CountingObserver()
    try await withServer(observer: observer) { _, address in
      let residentBefore = try Self.residentBytes()
      let isOver = Mutex(false)
      let victim = try await HTTP2Client.connect(to: address)
      let attacker = try await RawConnection.connect(to: address)
      async let calls = Self.makeCalls(victim) { isOver.withLock { $0 } }
      let sent = try await Self.run(attack, on: attacker)
      isOver.withLock { $0 = true }
      #expect(try await calls > 0)
      #expect(sent < Self.maximumBytesSent)
      #expect(try Self.residentBytes() - residentBefore < Self.maximumGrowth)
      // What the attacker began is bounded too, by the budget or by the streams that may be open.
      let started = observer.counts.finished.count { $0.hasPrefix("/test.Echo/Hang") }
      #expect(started <= AbuseBudget.Limits().capacity / 20 + 1000)
      #expect(try await victim.call("/test.Echo/Unary", HTTP2Client.message([1])).status == "0")
    }
  }

  /// Sends until the connection is closed; returns the bytes sent.
  private static func run(_ attack: Attack, on connection: RawConnection) async throws -> Int {
    var sent = 0
    do {
      try await connection.channel.writeAndFlush(attack.opening)
      var round: UInt32 = 0
      while sent < maximumBytesSent, connection.channel.isActive {
        let frames = attack.round(round)
        try await connection.channel.writeAndFlush(frames)
        sent += frames.readableBytes
        round += 1
      }
    } catch {
      // Closed under the write.
    }
    if sent < maximumBytesSent { try await connection.channel.closeFuture.get() }
    return sent
  }

  private static func makeCalls(_ client: HTTP2Client, until isOver: @Sendable () -> Bool) async throws -> Int {
    var calls = 0
    let message = HTTP2Client.message(Array("hello".utf8))
    repeat {
      let response = try await client.call("/test.Echo/Unary", message)
      #expect(response.body == message)
      #expect(response.status == "0")
      calls += 1
    } while !isOver()
    return calls
  }

  private static func residentBytes() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    return try #require(Int(fields[1])) * Int(getpagesize())
  }

  @Test(
    "a GOAWAY says why",
    arguments: [
      (FrameHeader.Kind.windowUpdate, [0, 0, 0, 1], "excessive_frames"),
      (.priority, [0, 0, 0, 0, 1], "excessive_frames"),
      (.ping, [0, 0, 0, 0, 0, 0, 0, 0], "too_many_pings"), (.settings, [], "too_many_pings"),
    ] as [(FrameHeader.Kind, [UInt8], String)])
  func reason(kind: FrameHeader.Kind, payload: [UInt8], reason: String) async throws {
    var configuration = RPCServer.Configuration.defaults
    let isPing = kind == .ping || kind == .settings
    // Few frames, so that the server has read all when it closes: else its GOAWAY may be lost.
    if !isPing { configuration.connection.abuse = .init(capacity: 110, refillPerSecond: 0) }
    try await withServer(configuration) { _, address in
      let client = try await RawConnection.connect(to: address)
      // The acknowledgement of ours: before the handshake is over a server says nothing.
      #expect(
        try await RPCServerTests.eventually {
          client.received.frames.contains { $0.kind == .settings && $0.flags == 1 }
        })
      var frames = ByteBuffer()
      for _ in 0..<(isPing ? 4 : 12) { frames.writeFrame(kind, stream: kind == .priority ? 1 : 0, payload) }
      try await client.channel.writeAndFlush(frames)
      try await client.channel.closeFuture.get()
      #expect(client.received.complaint == reason)
    }
  }
}
