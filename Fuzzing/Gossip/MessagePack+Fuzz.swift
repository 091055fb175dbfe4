import FuzzSupport

@testable import Gossip

extension FuzzTarget {
  /// A value, and what is behind it. The first byte says as what it is read.
  static let messagePack = FuzzTarget(
    "msgpack", maximumBytes: 512,
    seeds: {
      var writer = MessagePackWriter()
      writer.map(count: 3)
      writer.write("raw")
      writer.write(Array(repeating: UInt8(7), count: 40))
      writer.write("array")
      writer.array(count: 17)
      for shift in 0..<17 { writer.write(UInt64(1) << UInt64(3 * shift)) }
      writer.write("nil")
      writer.writeNil()
      let others: [[UInt8]] = [
        [0xd9, 1, 65], [0xc4, 1, 7], [0xd1, 0xff, 0], [0xcb, 0, 0, 0, 0, 0, 0, 0, 0],
        [0xd8] + Array(repeating: 1, count: 17),
        [0xc7, 2, 1, 2, 3],
      ]
      return ([writer.bytes] + others).map { [0] + $0 }
    },
    run: { input in
      let bytes = Array(input.dropFirst())
      var reader = MessagePackReader(bytes)
      for choice in 0..<6 { try readAs(choice, bytes) }
      do {
        try reader.skipValue()
      } catch let error as WireError {
        try require((0...bytes.count).contains(error.position), "an error at \(error.position) of \(bytes.count)")
        try require(!error.description.isEmpty, "an error without a text")
        return false
      }
      try require((1...bytes.count).contains(reader.position), "a value of \(reader.position) bytes")
      // The same value with less of it lacks no more than was taken off.
      let cut = Int(input.first ?? 0) % reader.position
      var short = MessagePackReader(bytes, in: 0..<cut)
      do {
        try short.skipValue()
        throw Violation("\(cut) bytes of \(reader.position) are a value too")
      } catch let error as WireError {
        guard case .incomplete(let missing) = error.reason else { throw Violation("cut off: \(error)") }
        try require((1...reader.position - cut).contains(missing), "\(missing) bytes are said to be missing")
      }
      return true
    })

  private static func readAs(_ choice: Int, _ bytes: [UInt8]) throws {
    var reader = MessagePackReader(bytes)
    do {
      switch choice {
      case 0: _ = try reader.number(UInt64.self)
      case 1: _ = try reader.number(UInt8.self)
      case 2: try require(try reader.text(limit: 100).utf8.count <= 100, "a text over the limit")
      case 3: try require(try reader.raw(limit: 100).count <= 100, "bytes over the limit")
      case 4: _ = try reader.bool()
      default: try reader.fields { (_, _) in false }
      }
      try require((1...bytes.count).contains(reader.position), "a value of \(reader.position) bytes")
    } catch is WireError {}
  }
}
