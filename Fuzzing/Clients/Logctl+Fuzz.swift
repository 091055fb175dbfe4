import FuzzSupport

@testable import Logctl

extension FuzzTarget {
  /// Records from a file or a pipe, one a line. The first bytes cut the input into reads.
  static let inputLines = FuzzTarget(
    "input-lines", maximumBytes: 512,
    seeds: { ["one\ntwo\n\nthree", "\n", "", "last\n"].map { [2, 3, 4, 5] + Array($0.utf8) } },
    run: { input in
      var choices = FuzzInput(input)
      var cuts = FuzzInput(choices.take(4))
      let body = choices.rest()
      let whole = lines(of: [body])
      let pieces = cuts.pieces(of: body, cuts: 4)
      try require(lines(of: pieces) == whole, "read in \(pieces.map(\.count)), the input has other lines")
      guard let lines = whole else { return false }
      let ends = body.last == UInt8(ascii: "\n") || body.isEmpty
      let joined =
        Array(lines.joined(separator: [UInt8(ascii: "\n")])) + (ends && !lines.isEmpty ? [UInt8(ascii: "\n")] : [])
      try require(joined == body, "the lines are not what was read")
      return true
    })

  private static func lines(of pieces: [[UInt8]]) -> [[UInt8]]? {
    var splitter = LineSplitter(limit: 100)
    var lines: [[UInt8]] = []
    for piece in pieces {
      guard let complete = try? splitter.lines(in: piece) else { return nil }
      lines += complete
    }
    return lines + (splitter.finish().map { [$0] } ?? [])
  }
}
