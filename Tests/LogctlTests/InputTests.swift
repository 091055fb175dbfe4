import Foundation
import Testing

@testable import Logctl

/// A file that goes away with its owner.
private final class TemporaryFile {
  let path = NSTemporaryDirectory() + "logctl-\(UUID().uuidString)"

  init(_ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: self.path))
  }

  deinit {
    try? FileManager.default.removeItem(atPath: self.path)
  }
}

@Suite("logctl's input")
struct InputTests {
  private func lines(_ chunks: [String], limit: Int = 100) throws -> [String] {
    var splitter = LineSplitter(limit: limit)
    var lines: [[UInt8]] = []
    for chunk in chunks { lines += try splitter.lines(in: Array(chunk.utf8)) }
    if let last = splitter.finish() { lines.append(last) }
    return lines.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test(
    "input is cut at line ends, wherever it was cut before",
    arguments: [
      ([], []), ([""], []), (["a"], ["a"]), (["a\n"], ["a"]), (["a\nb"], ["a", "b"]), (["\n\n"], ["", ""]),
      (["a", "b\nc", "\n", "d"], ["ab", "c", "d"]), (["a\r\n"], ["a\r"]), (["\na"], ["", "a"]),
    ] as [([String], [String])])
  func splits(chunks: [String], expected: [String]) throws {
    #expect(try self.lines(chunks) == expected)
  }

  @Test("a line of just the limit passes; one byte more is an error with the line's number", arguments: [1, 2, 64])
  func limits(chunk: Int) throws {
    let fits = Array("ab\nabcd\nabcd".utf8)
    var splitter = LineSplitter(limit: 4)
    for start in stride(from: 0, to: fits.count, by: chunk) {
      _ = try splitter.lines(in: Array(fits[start..<min(start + chunk, fits.count)]))
    }
    #expect(throws: LineTooLong(line: 3, limit: 4)) { try splitter.lines(in: Array("e".utf8)) }
    #expect(LineTooLong(line: 3, limit: 4).description.hasPrefix("line 3 is longer than 4 bytes: raise"))
  }

  private func records(_ input: RecordInput) async throws -> [[UInt8]] {
    var records: [[UInt8]] = []
    for try await record in input { records.append(record) }
    return records
  }

  @Test("a file larger than one read gives all its lines")
  func readsLines() async throws {
    let expected = (0..<40_000).map { Array("line \($0)".utf8) }
    let file = try TemporaryFile(Array(expected.joined(separator: "\n".utf8)))
    let records = try await self.records(.lines(of: InputFile(path: file.path), limit: 100))
    #expect(records == expected)
  }

  @Test("a file may be one record, and an empty one is an empty record")
  func readsWhole() async throws {
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
    let file = try TemporaryFile(bytes)
    let empty = try TemporaryFile([])
    let whole = try await self.records(.whole(InputFile(path: file.path), limit: bytes.count))
    let nothing = try await self.records(.whole(InputFile(path: empty.path), limit: 1))
    #expect(whole == [bytes])
    #expect(nothing == [[]])
    await #expect(throws: RecordInput.TooLarge.self) {
      try await self.records(.whole(InputFile(path: file.path), limit: bytes.count - 1))
    }
  }

  @Test("values are taken as they stand, an empty one too")
  func takesValues() async throws {
    let records = try await self.records(.values(["a", "", "é"]))
    #expect(records == [[0x61], [], [0xC3, 0xA9]])
  }

  @Test("a file that is not there is named")
  func missingFile() {
    let error = #expect(throws: SystemError.self) { try InputFile(path: "/nonexistent/x") }
    #expect(error?.description == "cannot open /nonexistent/x: no such file or directory")
  }
}
