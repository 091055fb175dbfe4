import NIOCore
import Testing

@testable import CommitLog

@Suite("A log that is replaced by one that starts elsewhere")
struct ResetTests {
  /// What another log of the same cluster begins with after 20 batches.
  private struct Elsewhere {
    let start: LogEnd
    var state = DerivedState()

    init() {
      var end = LogEnd(nextIndex: LogIndex(1), nextOffset: Offset(0), lastTerm: Term(0))
      for number in 0..<20 {
        var builder = RecordBatch.Builder(producer: Producer(id: 9, epoch: 1, sequence: UInt64(number)))
        builder.append("value".utf8, timestamp: Timestamp(microseconds: 5))
        let batch = builder.finish().stamped(
          index: end.nextIndex, term: Term(number < 10 ? 2 : 4), baseOffset: end.nextOffset,
          appendTime: Timestamp(microseconds: Int64(number)))
        state.apply(batch)
        end = end.after(batch)
      }
      start = end
    }
  }

  private func sample() throws -> (TemporaryDirectory, Log) {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: small)
    for number in 0..<30 {
      try log.add(["value \(number) " + String(repeating: "x", count: 60)])
      try log.flush()
    }
    #expect(log.segmentCount > 2)
    return (directory, log)
  }

  @Test("starts where it was told, with the state of before, takes batches, and is the same after reopening")
  func reset() throws {
    let (directory, log) = try sample()
    let elsewhere = Elsewhere()
    try log.reset(to: elsewhere.start, state: elsewhere.state)
    #expect(log.start == elsewhere.start && log.flushedEnd == elsewhere.start && log.segmentCount == 1)
    #expect(throws: LogError.self) { try log.read(from: Offset(3), maximumBytes: 1) }
    try log.add(["after"], term: Term(4))
    try log.flush()
    #expect(try log.read(from: elsewhere.start.nextOffset, maximumBytes: 1).count == 1)
    try log.close()

    let reopened = try Log(directory: directory.path, configuration: small)
    #expect(reopened.start == elsewhere.start)
    #expect(reopened.derivedState.terms.runs.map(\.term) == [Term(2), Term(4)])
    #expect(reopened.derivedState.producers == elsewhere.state.producers)
    #expect(try reopened.startState().state == elsewhere.state)
    try reopened.close()
  }

  @Test("a reset that was noted and not done, or done in part, is done by the next opening")
  func interrupted() throws {
    let (directory, log) = try sample()
    let elsewhere = Elsewhere()
    let note = ResetIntent(incarnation: log.metadata.incarnation, start: elsewhere.start, state: elsewhere.state)
    try log.close()
    for removed in 0...2 {
      let copy = try Files.copy(directory.path)
      try Files.write(copy.path + "/reset", Array(buffer: note.encoded()))
      for store in try Files.names(copy.path, ".store").suffix(removed) { try Files.remove(store) }
      let findings = try findings(of: copy)
      #expect(findings.map(\.kind) == [.note])
      let reopened = try Log(directory: copy.path, configuration: small)
      #expect(reopened.recovery.finishedReset == elsewhere.start)
      #expect(reopened.start == elsewhere.start && reopened.acceptedEnd == elsewhere.start)
      try reopened.close()
      #expect(try Files.list(copy.path).contains("reset") == false)
    }
  }

  @Test("a note that is damaged, or of another log, is reported and nothing is changed", arguments: [3, 10, 30, 60])
  func damagedNote(position: Int) throws {
    let (directory, log) = try sample()
    let note = ResetIntent(
      incarnation: log.metadata.incarnation, start: Elsewhere().start, state: Elsewhere().state)
    try log.close()
    var bytes = Array(buffer: note.encoded())
    bytes[position] ^= 1
    try Files.write(directory.path + "/reset", bytes)
    #expect {
      try Log(directory: directory.path, configuration: small)
    } throws: { error in
      guard case LogError.damaged(let file, _, _) = error else { return false }
      return file.hasSuffix("/reset")
    }
    #expect(try findings(of: directory).first?.kind == .damage)
    // The segments are all there: what the note was is kept, and the log goes on.
    let outcome = try LogRepair(directory: directory.path).run(discardingDamage: true)
    #expect(outcome.mended.count == 1)
    let repaired = try Log(directory: directory.path, configuration: small)
    #expect(repaired.acceptedEnd.nextOffset == Offset(30))
    try repaired.close()
  }

  private func findings(of directory: TemporaryDirectory) throws -> [LogFinding] {
    var findings: [LogFinding] = []
    try LogInspector(directory: directory.path).verify { findings += $0.findings }
    return findings
  }
}
