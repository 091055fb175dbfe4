import CommitLog
import Foundation
import NIOCore
import TestSupport
import Testing

/// `logctl log` as a program, on the files of a log.
@Suite("logctl log", .timeLimit(.minutes(1)))
struct LogFilesTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.file("log") }
  private var store: String { path + "/00000000000000000001.store" }

  init() throws {
    directory = try TemporaryDirectory()
    let log = try Log(directory: directory.file("log"))
    for values in [["first"], ["second", "third"], ["fourth"]] {
      var builder = RecordBatch.Builder(producer: Producer(id: 7, epoch: 1, sequence: 3))
      for value in values { builder.append(value.utf8, timestamp: Timestamp(microseconds: 0)) }
      let end = log.acceptedEnd
      let batch = try builder.finish().compressed(with: values.count == 2 ? .gzip : .none)
      try log.append([
        batch.stamped(
          index: end.nextIndex, term: Term(2), baseOffset: end.nextOffset,
          appendTime: Timestamp(microseconds: 1_500_000))
      ])
    }
    try log.close()
  }

  private func logctl(_ arguments: String...) async throws -> (status: Int32, output: String, errors: String) {
    try await TestSupport.run(Products.path("logctl"), ["log"] + arguments)
  }

  private func damage(_ text: String) throws {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: store))
    let place = try #require(bytes.firstRange(of: Data(text.utf8))).lowerBound
    bytes[place] ^= 1
    try bytes.write(to: URL(fileURLWithPath: store))
  }

  @Test("a good log is verified, dumped and left alone by a repair")
  func good() async throws {
    let verified = try await logctl("verify", path)
    #expect(verified.status == 0)
    #expect(verified.output.contains("offsets 0 up to 4, indexes 1 up to 4, 3 batches"))
    #expect(verified.output.hasSuffix("3 batches; the log ends at offset 4, index 4, term 2\n"))
    let repaired = try await logctl("repair", path)
    #expect(repaired.status == 0 && repaired.output == "nothing to repair\n")

    let dumped = try await logctl("dump", path, "--records", "--from", "2")
    #expect(dumped.status == 0)
    let lines = dumped.output.split(separator: "\n")
    try #require(lines.count == 5)
    #expect(lines[0].contains("index 2 term 2 offset 1 records 2") && lines[0].contains("gzip producer 7/1 sequence 3"))
    #expect(lines[0].contains("1970-01-01T00:00:01.500Z"))
    #expect(lines[1...2] == ["  1\tsecond", "  2\tthird"] && lines[4] == "  3\tfourth")
    let json = try await logctl("dump", path, "--json", "--limit", "1", "--records")
    #expect(json.output.contains(#""records":[{"offset":0,"value":"first"}],"term":2"#))
  }

  @Test("damage is named and ends with exit code 1, until it is cut off")
  func damaged() async throws {
    try damage("fourth")
    let verified = try await logctl("verify", path)
    #expect(verified.status == 1)
    #expect(verified.output.contains("DAMAGE: \(store) at byte "))
    let dumped = try await logctl("dump", path)
    #expect(dumped.status == 1)
    #expect(dumped.output.split(separator: "\n").count == 2 && dumped.errors.contains("is damaged at byte"))
    let kept = try await logctl("repair", path)
    #expect(kept.status == 1 && kept.output.contains("Nothing was cut."))
    let cut = try await logctl("repair", "--discard-from-damage", path)
    #expect(cut.status == 0)
    #expect(cut.output.contains("cut: the log ends at offset 3, index 3 now; the rest is in \(path)/damaged-1"))
    #expect(try await logctl("verify", path).status == 0)
    #expect(try Log(directory: path).flushedEnd.nextOffset == Offset(3))
  }

  @Test("a repair waits for nobody: a log in use is refused, a directory without a log too")
  func refused() async throws {
    let log = try Log(directory: path)
    let locked = try await logctl("repair", path)
    #expect(locked.status == 1 && locked.errors.contains("is in use by process"))
    try log.close()
    for command in ["verify", "dump", "repair"] {
      let result = try await logctl(command, directory.path)
      #expect(result.status == 1 && result.errors.contains("is not the directory of a log: it has no file meta"))
    }
  }
}
