import Compression
import FuzzSupport
import NIOCore

@testable import RPCServer

extension FuzzTarget {
  /// The body of a call. The first bytes cut it into DATA frames: the messages must not depend on the cuts.
  static let messageFramer = FuzzTarget(
    "message-framer", maximumBytes: 400,
    seeds: {
      let messages: [(UInt8, Int)] = [(0, 0), (1, 5), (0, 200), (0, 1)]
      let body = messages.flatMap { flag, count in [flag, 0, 0, 0, UInt8(count)] + [UInt8](repeating: 7, count: count) }
      let tooLong: [UInt8] = [0, 0, 0, 4, 1]
      return [
        [0, 0, 0, 0] + body, [1, 3, 9, 2] + body, [5, 5, 5, 5] + body + tooLong, [0, 0, 0, 0] + body + [2, 0],
      ]
    },
    run: { input in
      var choices = FuzzInput(input)
      var cuts = FuzzInput(choices.take(4))
      let body = choices.rest()
      let whole = try outcome(of: [body])
      let pieces = cuts.pieces(of: body, cuts: 4)
      try require(try outcome(of: pieces) == whole, "cut into \(pieces.map(\.count)), the body gives other messages")
      try require(try outcome(of: body.map { [$0] }) == whole, "byte by byte the body gives other messages")
      let taken = whole.messages.reduce(0) { $0 + MessageFramer.prefixBytes + $1.payload.readableBytes }
      if whole.failure == nil { try require(whole.hasPartial == (taken < body.count), "bytes are lost or made up") }
      return !whole.messages.isEmpty
    })

  private struct Outcome: Equatable {
    var messages: [MessageFramer.Message] = []
    var failure: RPCStatus?
    var hasPartial = false
  }

  private static let limit = 250

  private static func outcome(of pieces: [[UInt8]]) throws -> Outcome {
    var framer = MessageFramer(maximumMessageBytes: limit)
    var outcome = Outcome()
    for piece in pieces where outcome.failure == nil {
      framer.append(ByteBuffer(bytes: piece))
      do throws(RPCStatus) {
        while let message = try framer.next() { outcome.messages.append(message) }
      } catch {
        outcome.failure = error
      }
    }
    outcome.hasPartial = framer.hasPartialMessage
    for message in outcome.messages {
      try require(message.payload.readableBytes <= limit, "a message is over the limit")
    }
    // What is left over after a failure depends on what came in with it.
    if outcome.failure != nil { outcome.hasPartial = false }
    return outcome
  }

  /// The first byte: 1 compresses the rest and takes it apart again, else the rest is what a peer sent.
  static let gzip = FuzzTarget(
    "gzip", maximumBytes: 4096,
    seeds: {
      let texts = [[], Array("hello".utf8), [UInt8](repeating: 0, count: 100_000), (0...255).map { UInt8($0) }]
      return texts.map { text in
        var compressed = ByteBuffer()
        Gzip.compress(ByteBuffer(bytes: text), into: &compressed)
        return [0] + Array(buffer: compressed)
      } + [[1] + Array("to be compressed, compressed, compressed".utf8)]
    },
    run: { input in
      let bytes = ByteBuffer(bytes: input.dropFirst())
      if input.first == 1 {
        try checkRoundTrip(bytes)
        return true
      }
      // More than zlib hands out in one round.
      let limit = 150_000
      do throws(GzipError) {
        let message = try Gzip.decompress(bytes, maximumBytes: limit)
        return message.readableBytes <= limit
      } catch {
        return false
      }
    })

  private static func checkRoundTrip(_ bytes: ByteBuffer) throws {
    var compressed = ByteBuffer()
    Gzip.compress(bytes, into: &compressed)
    let count = bytes.readableBytes
    try require(try Gzip.decompress(compressed, maximumBytes: count) == bytes, "a message does not round-trip")
    guard count > 0 else { return }
    do throws(GzipError) {
      _ = try Gzip.decompress(compressed, maximumBytes: count - 1)
    } catch {
      return try require(
        error == .tooLarge(limit: count - 1), "a message one byte too long is refused as \(error)")
    }
    throw Violation("a message of \(count) bytes passes a limit of \(count - 1)")
  }
}
