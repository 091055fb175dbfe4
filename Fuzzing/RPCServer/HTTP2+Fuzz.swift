import Compression
import FuzzSupport
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2

@testable import RPCServer

extension FuzzTarget {
  /// Arbitrary bytes after the preface. The first two bytes cut the rest into reads.
  static let http2Bytes = FuzzTarget(
    "http2-bytes", maximumBytes: 1024,
    seeds: {
      HTTP2Script.samples.enumerated().map { number, sample in
        var script = HTTP2Script()
        var choices = FuzzInput(sample)
        var bytes = HTTP2Script.settings
        while !choices.isEmpty {
          if case .frames(let frames) = script.step(&choices).action { bytes += frames }
        }
        return (number % 2 == 0 ? [255, 255] : [20, 40]) + bytes
      }
    },
    run: { input in
      var choices = FuzzInput(input)
      var cuts = FuzzInput(choices.take(2))
      let connection = try FuzzedConnection()
      try connection.receive(FuzzedConnection.preface)
      for piece in cuts.pieces(of: choices.rest(), cuts: 2) { try connection.receive(piece) }
      return try connection.finish()
    })

  /// Frames that are mostly what a client sends, in any order; the input chooses.
  static let http2Frames = FuzzTarget(
    "http2-frames", maximumBytes: 512, seeds: { HTTP2Script.samples },
    run: { input in
      var choices = FuzzInput(input)
      var script = HTTP2Script()
      let connection = try FuzzedConnection()
      var waiting = FuzzedConnection.preface + HTTP2Script.settings
      while !choices.isEmpty {
        let step = script.step(&choices)
        switch step.action {
        case .frames(let frames): waiting += frames
        case .wait(let time): connection.eventLoop.advanceTime(by: time)
        case .drain: connection.beginDraining()
        }
        guard step.delivers else { continue }
        for piece in choices.pieces(of: waiting, cuts: step.cuts) { try connection.receive(piece) }
        waiting = []
      }
      try connection.receive(waiting)
      return try connection.finish()
    })
}

/// A client of bare frames, as a fuzzer's input describes it.
struct HTTP2Script {
  enum Action {
    case frames([UInt8])
    case wait(TimeAmount)
    case drain
  }

  private var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
  private var lastStream: UInt32 = 0

  /// The next action; whether what waits is delivered then; and in how many cuts.
  mutating func step(_ input: inout FuzzInput) -> (action: Action, delivers: Bool, cuts: Int) {
    let operation = input.byte()
    return (action(operation & 0x1F, &input), operation & 0x80 == 0, operation & 0x40 == 0 ? 0 : 2)
  }

  private mutating func action(_ operation: UInt8, _ input: inout FuzzInput) -> Action {
    switch operation {
    case 0, 1: return .frames(headers(&input))
    case 2: return .frames(message(&input))
    case 3: return .frames(Self.frame(type: 0, flags: input.byte() & 9, stream: stream(&input), payload(&input)))
    case 4: return .frames(Self.frame(type: 3, flags: 0, stream: stream(&input), Self.bigEndian(UInt32(input.byte()))))
    case 5: return .frames(Self.frame(type: 8, flags: 0, stream: stream(&input), Self.bigEndian(input.integer())))
    case 6:
      let setting = [0, input.byte() % 8] + Self.bigEndian(input.integer())
      return .frames(Self.frame(type: 4, flags: 0, stream: 0, setting))
    case 7: return .frames(Self.frame(type: 6, flags: input.byte() & 1, stream: 0, [UInt8](repeating: 5, count: 8)))
    case 8: return .frames(Self.frame(type: 7, flags: 0, stream: 0, Self.bigEndian(lastStream) + [0, 0, 0, 0]))
    case 9: return .frames(Self.frame(type: 4, flags: 1, stream: 0, []))
    case 10:
      return .frames(Self.frame(type: input.byte(), flags: input.byte(), stream: stream(&input), payload(&input)))
    case 11: return .wait(.milliseconds(1 << Int64(input.byte() % 32)))
    case 12: return .drain
    case 13: return .frames(payload(&input))
    default: return .frames([])
    }
  }

  /// HEADERS of a new call, or of one that is open, whole or with CONTINUATION.
  private mutating func headers(_ input: inout FuzzInput) -> [UInt8] {
    let choice = input.byte()
    if choice & 1 == 0 { lastStream += lastStream == 0 ? 1 : 2 }
    var fields = [(":method", "POST"), (":scheme", "http"), ("content-type", "application/grpc")]
    fields.insert((":path", FuzzedConnection.paths[Int(choice >> 1 & 7) % FuzzedConnection.paths.count]), at: 2)
    let extras = input.byte()
    if extras & 1 != 0 { fields.append(("grpc-encoding", "gzip")) }
    if extras & 2 != 0 { fields.append(("grpc-accept-encoding", "identity,gzip")) }
    if extras & 4 != 0 { fields.append(("grpc-timeout", text(&input))) }
    if extras & 8 != 0 { fields.append(("x-text", text(&input))) }
    if extras & 16 != 0 { fields.append(("x-data-bin", text(&input))) }
    if extras & 32 != 0 { fields.append((text(&input), text(&input))) }
    var block = ByteBuffer()
    // The encoder fails only when a block was begun and not ended.
    guard (try? encoder.encode(headers: HPACKHeaders(fields), to: &block)) != nil else { return [] }
    let bytes = Array(buffer: block)
    let endsStream: UInt8 = choice & 0x80 == 0 ? 0 : 1
    guard choice & 0x40 != 0 else { return Self.frame(type: 1, flags: 4 | endsStream, stream: lastStream, bytes) }
    return Self.frame(type: 1, flags: endsStream, stream: lastStream, Array(bytes.prefix(10)))
      + Self.frame(type: 9, flags: 4, stream: lastStream, Array(bytes.dropFirst(10)))
  }

  /// DATA with one message, compressed if the input says so.
  private func message(_ input: inout FuzzInput) -> [UInt8] {
    let choice = input.byte()
    var payload = ByteBuffer(bytes: payload(&input))
    if choice & 4 != 0 {
      // A bomb, of which little travels.
      payload.writeRepeatingByte(0, count: Int(input.byte()) * 1024)
    }
    if choice & 2 != 0 {
      var compressed = ByteBuffer()
      Gzip.compress(payload, into: &compressed)
      payload = compressed
    }
    let message = [choice >> 1 & 1] + Self.bigEndian(UInt32(payload.readableBytes)) + Array(buffer: payload)
    return Self.frame(type: 0, flags: choice & 1, stream: stream(&input), message)
  }

  /// The last stream, or one before it.
  private func stream(_ input: inout FuzzInput) -> UInt32 { lastStream &- 2 * UInt32(input.byte() % 4) & 0x7FFF_FFFF }

  private func text(_ input: inout FuzzInput) -> String {
    String(decoding: input.take(Int(input.byte() % 16)), as: UTF8.self)
  }

  private func payload(_ input: inout FuzzInput) -> [UInt8] { input.take(Int(input.byte())) }

  private static func bigEndian(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }

  static func frame(type: UInt8, flags: UInt8, stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
    bigEndian(UInt32(payload.count)).dropFirst() + [type, flags] + bigEndian(stream) + payload
  }

  /// SETTINGS that leave everything as it is: what must come after the preface.
  static let settings = frame(type: 4, flags: 0, stream: 0, [])

  static let samples: [[UInt8]] = {
    let hello: [UInt8] = [5] + Array("hello".utf8)
    let acknowledgement: [UInt8] = [9]
    return [
      // A unary call with metadata, in one read and in three.
      acknowledgement + [0, 0, 24, 2] + Array("hi".utf8) + [4] + Array("AAEC".utf8) + [2, 1] + hello + [0],
      [0x80, 0x40, 0] + [0x42, 1] + hello + [0, 30, 40],
      // Two messages to a stream of both ways, compressed, with a timeout.
      acknowledgement + [0, 2, 7, 3] + Array("10S".utf8) + [2, 2] + hello + [0, 2, 7] + hello + [100, 0],
      // Answers in a stream, with windows opened and a reset.
      acknowledgement + [0, 4, 0, 2, 1, 2, 200, 1, 0, 5, 0, 255, 255, 0, 0, 4, 0, 8],
      // A call that hangs, a drain, time going by.
      acknowledgement + [0, 6, 4, 2] + Array("1S".utf8) + [2, 1] + hello + [0, 12, 7, 1, 11, 31],
      // A failure, an unknown method, other frames.
      acknowledgement + [0, 8, 0, 2, 1] + hello + [
        0, 0, 0x8A, 0, 6, 4, 0, 0, 1, 0, 7, 0, 8, 10, 2, 0, 0, 5, 0, 0, 0, 0, 16,
      ],
    ]
  }()
}
