import FuzzSupport
import NIOCore

@testable import KubernetesClient

extension FuzzTarget {
  /// The body of a watch. The first bytes cut it into chunks: the lines must not depend on the cuts.
  static let watchLines = FuzzTarget(
    "watch-lines", maximumBytes: 512,
    seeds: {
      ["one\ntwo\n\nthree", "\n", String(repeating: "x", count: 70) + "\nshort\n"].flatMap { text in
        [[0, 0, 0, 0] + Array(text.utf8), [4, 1, 9, 2] + Array(text.utf8)]
      }
    },
    run: { input in
      var choices = FuzzInput(input)
      var cuts = FuzzInput(choices.take(4))
      let body = choices.rest()
      let whole = lines(of: [body])
      let pieces = cuts.pieces(of: body, cuts: 4)
      try require(lines(of: pieces) == whole, "cut into \(pieces.map(\.count)), the body has other lines")
      try require(lines(of: body.map { [$0] }) == whole, "byte by byte the body has other lines")
      let split = body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
      let expected = split.dropLast().prefix { $0.count <= limit }
      try require(whole.lines == Array(expected), "\(whole.lines.count) lines of \(split.count - 1)")
      if !whole.failed { try require(whole.hasPartial == !(split.last ?? []).isEmpty, "what is left over is wrong") }
      return !whole.failed
    })

  private static let limit = 100

  private struct Outcome: Equatable {
    var lines: [[UInt8]] = []
    var failed = false
    var hasPartial = false
  }

  private static func lines(of pieces: [[UInt8]]) -> Outcome {
    var splitter = LineSplitter(maximumLength: limit)
    var outcome = Outcome()
    for piece in pieces where !outcome.failed {
      splitter.append(ByteBuffer(bytes: piece))
      do throws(KubernetesError) {
        while let line = try splitter.next() { outcome.lines.append(Array(buffer: line)) }
      } catch {
        outcome.failed = true
      }
    }
    // What is left over after a failure depends on what came in with it.
    outcome.hasPartial = !outcome.failed && splitter.hasPartialLine
    return outcome
  }

  static let json = FuzzTarget(
    "json", maximumBytes: 512, seeds: { documents }, dictionary: words,
    run: { input in
      guard let value = try decoded(input) else { return false }
      let text = try JSONCoding.encode(value)
      guard let again = try decoded(text) else { throw Violation("\(value) is written as what is no JSON") }
      try require(again == value, "\(value) reads back as \(again)")
      try require(try JSONCoding.encode(again) == text, "one value is written in two ways")
      return true
    })

  /// What a watch sends, and what an API server answers where it fails.
  static let watchEvent = FuzzTarget(
    "watch-event", maximumBytes: 512, seeds: { documents }, dictionary: words,
    run: { input in
      guard let value = try decoded(input) else { return false }
      let status = APIStatus(value, httpStatus: 500)
      try require(status.retryAfter.map { $0 > .zero } ?? true, "a pause of \(String(describing: status.retryAfter))")
      do {
        switch try WatchEvent(value) {
        case .added(let object), .modified(let object), .deleted(let object):
          try require(!object.resourceVersion.isEmpty, "an object without a resource version passes")
          _ = (
            object.key, object.labels, object.annotations, object.finalizers, object.controllerUID, object.generation
          )
        case .bookmark(let resourceVersion), .listed(let resourceVersion):
          try require(!resourceVersion.isEmpty, "a bookmark without a resource version passes")
        case .error:
          break
        }
        return true
      } catch let error as KubernetesError {
        guard case .malformed = error else { throw error }
        return false
      }
    })

  private static func decoded(_ bytes: [UInt8]) throws -> JSONValue? {
    do throws(KubernetesError) {
      return try JSONCoding.decode(ByteBuffer(bytes: bytes))
    } catch {
      guard case .malformed = error else { throw error }
      return nil
    }
  }

  private static let documents = [
    #"{"type":"ADDED","object":{"metadata":{"name":"a","namespace":"b","resourceVersion":"12","labels":{"x":"y"}}}}"#,
    #"{"type":"MODIFIED","object":{"metadata":{"resourceVersion":"1","generation":3,"ownerReferences":[{"controller":true,"uid":"u"}]}}}"#,
    #"{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"99"}}}"#,
    #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}}"#,
    #"{"type":"ERROR","object":{"code":410,"reason":"Expired","message":"too old","details":{"retryAfterSeconds":3,"causes":[{"field":"f","message":"m"}]}}}"#,
    #"{"type":"DELETED","object":{"metadata":{"resourceVersion":"5","deletionTimestamp":"t"},"n":[null,-1,1.5,1e300]}}"#,
  ].map { Array($0.utf8) }

  private static let words = [
    #""type""#, #""object""#, #""metadata""#, #""resourceVersion""#, #""ADDED""#, #""ERROR""#, #""details""#,
    #""retryAfterSeconds""#, "null", "true", "1e3", "-0.0", "9223372036854775808", #"\ud800"#, #"\u0000"#, "[", "{",
  ]
}
