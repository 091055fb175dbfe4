import NIOCore
import TestSupport
import Testing

@testable import CommitLog

@Suite("A cut from the back that was interrupted")
struct CutIntentTests {
  /// A closed log of twelve batches, each flushed and marked, in segments of about four.
  private struct Sample {
    let directory: TemporaryDirectory
    let path: String
    let incarnation: LogIncarnation
    let count = 12

    init() throws {
      directory = try TemporaryDirectory()
      path = directory.path
      let log = try Log(directory: path, configuration: small)
      for number in 0..<count {
        try log.add(["value \(number) " + String(repeating: "x", count: 50)])
        try log.flush()
      }
      #expect(log.segmentCount > 2)
      incarnation = log.metadata.incarnation
      try log.close()
    }

    /// The note of a cut from this index on.
    func note(from index: UInt64) throws -> CutIntent {
      let copy = try Files.copy(path)
      let log = try Log(directory: copy.path, configuration: small)
      try log.truncate(from: LogIndex(index))
      let store = try #require(try Files.names(copy.path, ".store").last)
      let base = try #require(Store.baseIndex(ofName: String(store.split(separator: "/").last ?? "")))
      return CutIntent(
        incarnation: incarnation, base: base, position: FilePosition(UInt64(try Files.read(store).count)))
    }

    /// A copy that has the note.
    func copy(with note: CutIntent) throws -> TemporaryDirectory {
      let copy = try Files.copy(path)
      try Files.write(copy.path + "/cut", Array(buffer: note.encoded()))
      return copy
    }
  }

  /// Where a crash may find a cut that has its note.
  enum Stage: CaseIterable {
    case noted, oneSegmentRemoved, segmentsRemoved, zeroed, done
  }

  private func store(_ note: CutIntent, _ directory: TemporaryDirectory) -> String {
    directory.path + "/" + Store.name(note.base)
  }

  private func advance(_ directory: TemporaryDirectory, _ note: CutIntent, to stage: Stage) throws {
    let later = try Files.names(directory.path, ".store").filter { $0 > store(note, directory) }
    switch stage {
    case .noted: return
    case .oneSegmentRemoved: for path in later.suffix(1) { try Files.remove(path) }
    case .segmentsRemoved: for path in later.reversed() { try Files.remove(path) }
    case .zeroed:
      try advance(directory, note, to: .segmentsRemoved)
      try zero(directory, note, keeping: SyncMark.bytes)
    case .done:
      try advance(directory, note, to: .segmentsRemoved)
      try DiskFile(store(note, directory), .existing).truncate(to: note.position.rawValue)
    }
  }

  /// Zeros behind the cut, as a block that came before its length; the last bytes were in the next block.
  private func zero(_ directory: TemporaryDirectory, _ note: CutIntent, keeping rest: Int) throws {
    let path = store(note, directory)
    var bytes = try Files.read(path)
    let data = bytes.lastIndex { $0 != 0 } ?? 0
    for byte in bytes.indices where byte >= Int(note.position.rawValue) && byte <= data - rest { bytes[byte] = 0 }
    try Files.write(path, bytes)
  }

  @Test(
    "is finished by the next opening, wherever it stopped", arguments: Stage.allCases, [1, 3, 5, 6, 9, 12] as [UInt64])
  func finished(stage: Stage, index: UInt64) throws {
    let sample = try Sample()
    let note = try sample.note(from: index)
    let directory = try sample.copy(with: note)
    try advance(directory, note, to: stage)
    let log = try Log(directory: directory.path, configuration: small)
    #expect(log.flushedEnd.nextIndex == LogIndex(index))
    #expect(try log.values().count == Int(index) - 1)
    #expect(log.recovery.finishedCut?.position == note.position && log.recovery.tornTail == nil)
    #expect(log.recovery.removedFiles.allSatisfy { $0.hasSuffix(".index") })
    #expect(!(try Files.list(directory.path).contains("cut")))
    try log.add(["again"])
    try log.close()
    let again = try Log(directory: directory.path, configuration: small)
    #expect(again.recovery == RecoveryReport())
    #expect(try again.values().count == Int(index) && again.values().last == "again")
  }

  @Test("at the start of each segment leaves that segment, empty", arguments: [0, 1, 2])
  func startOfSegment(number: Int) throws {
    let sample = try Sample()
    let path = try Files.names(sample.path, ".store")[number]
    let base = try #require(Store.baseIndex(ofName: String(path.split(separator: "/").last ?? "")))
    let note = try sample.note(from: base.rawValue)
    #expect(note.base == base)
    let directory = try sample.copy(with: note)
    let log = try Log(directory: directory.path, configuration: small)
    #expect(log.flushedEnd.nextIndex == base && log.segmentCount == number + 1)
    try log.add(["again"])
    try log.flush()
    #expect(try log.values().last == "again")
  }

  @Test("would look like damage without its note: zeros before a sync mark")
  func withoutNote() throws {
    let sample = try Sample()
    let note = try sample.note(from: 11)
    let directory = try Files.copy(sample.path)
    try zero(directory, note, keeping: SyncMark.bytes)
    let error = #expect(throws: LogError.self) { try Log(directory: directory.path, configuration: small) }
    guard case .damaged(store(note, directory), note.position, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("has not begun before its note has its name")
  func unfinishedNote() throws {
    let sample = try Sample()
    let directory = try Files.copy(sample.path)
    try Files.write(directory.path + "/cut.new", Array(buffer: try sample.note(from: 3).encoded()))
    let log = try Log(directory: directory.path, configuration: small)
    #expect(try log.values().count == sample.count)
    #expect(log.recovery.removedFiles == [directory.path + "/cut.new"] && log.recovery.finishedCut == nil)
  }

  @Test("leaves no note when it is done, and none when there was nothing to cut")
  func noNoteLeft() throws {
    let sample = try Sample()
    let log = try Log(directory: sample.path, configuration: small)
    try log.truncate(from: LogIndex(13))
    try log.truncate(from: LogIndex(2))
    #expect(!(try Files.list(sample.path).contains("cut")))
    #expect(try log.values().count == 1)
  }

  /// Expects an opening to refuse the log for this file, and to leave everything as it is.
  private func expectRefusal(_ directory: TemporaryDirectory, _ file: String, _ what: String) throws {
    let names = try Files.list(directory.path).filter { $0 != DirectoryLock.name }
    let before = try names.map { try Files.read(directory.path + "/" + $0) }
    let error = #expect(throws: LogError.self) { try Log(directory: directory.path, configuration: small) }
    guard case .damaged(file, _, let found) = error, found.contains(what) else {
      Issue.record("\(file), \(what): \(String(describing: error))")
      return
    }
    #expect(try names.map { try Files.read(directory.path + "/" + $0) } == before)
  }

  @Test("with a note that is damaged is refused by that file's name, and nothing is changed")
  func damagedNote() throws {
    let sample = try Sample()
    let directory = try sample.copy(with: try sample.note(from: 3))
    let path = directory.path + "/cut"
    let good = try Files.read(path)
    for position in good.indices {
      var bytes = good
      bytes[position] ^= 1 << UInt8(position % 8)
      try Files.write(path, bytes)
      try expectRefusal(directory, path, "the note of an unfinished cut")
    }
    for bytes in [[], Array(good.dropLast()), good + [0]] {
      try Files.write(path, bytes)
      try expectRefusal(directory, path, "bytes instead of 40")
    }
  }

  @Test("with the note of another log, or of a segment that is missing, is refused")
  func foreignNote() throws {
    let sample = try Sample()
    let note = try sample.note(from: 3)
    let foreign = CutIntent(
      incarnation: LogIncarnation(high: 1, low: 2), base: note.base, position: note.position)
    var directory = try sample.copy(with: foreign)
    try expectRefusal(directory, directory.path + "/cut", "belongs to another log")
    directory = try sample.copy(
      with: CutIntent(incarnation: sample.incarnation, base: LogIndex(4711), position: note.position))
    try expectRefusal(directory, directory.path + "/cut", "which is missing")
  }

  @Test("is refused where the bytes that were to stay are not there, for these are damaged")
  func damageBeforeTheCut() throws {
    let sample = try Sample()
    let note = try sample.note(from: 3)
    var directory = try sample.copy(with: note)
    var path = store(note, directory)
    var bytes = try Files.read(path)
    bytes[Files.firstBatch + 60] ^= 1
    try Files.write(path, bytes)
    try expectRefusal(directory, path, "checksum")

    directory = try sample.copy(with: note)
    path = store(note, directory)
    try Files.write(path, Array(try Files.read(path).prefix(Int(note.position.rawValue) - 1)))
    try expectRefusal(directory, path, "when the log was cut there")

    let inside = FilePosition(note.position.rawValue - 1)
    directory = try sample.copy(with: CutIntent(incarnation: sample.incarnation, base: note.base, position: inside))
    try expectRefusal(directory, store(note, directory), "")
    let behindMark = note.position.advanced(by: SyncMark.bytes)
    directory = try sample.copy(
      with: CutIntent(incarnation: sample.incarnation, base: note.base, position: behindMark))
    try expectRefusal(directory, store(note, directory), "where no batch ends")
  }

  // MARK: Verify and repair

  private func verify(_ directory: TemporaryDirectory) throws -> (findings: [LogFinding], batches: Int) {
    var findings: [LogFinding] = []
    var batches = 0
    try LogInspector(directory: directory.path).verify { report in
      findings += report.findings
      batches += report.batches
    }
    return (findings, batches)
  }

  @Test("is a note to a verification, which judges what stays; and a repair finishes it", arguments: Stage.allCases)
  func inspection(stage: Stage) throws {
    let sample = try Sample()
    let note = try sample.note(from: 6)
    let directory = try sample.copy(with: note)
    try advance(directory, note, to: stage)
    let verified = try verify(directory)
    #expect(verified.findings.map(\.kind) == [.note] && verified.findings.first?.file == directory.path + "/cut")
    #expect(verified.batches == 5)
    var dumped = 0
    try LogInspector(directory: directory.path).forEachBatch(from: Offset(0)) { _, _, _ in
      dumped += 1
      return true
    }
    #expect(dumped == 5)
    let outcome = try LogRepair(directory: directory.path).run(discardingDamage: stage == .zeroed)
    #expect(outcome.mended == verified.findings && outcome.damage == nil && outcome.cutTo == nil)
    #expect(try verify(directory).findings.isEmpty)
    let log = try Log(directory: directory.path, configuration: small)
    #expect(log.recovery.finishedCut == nil && log.flushedEnd.nextIndex == LogIndex(6))
  }

  @Test("whose note is damaged is damage; discarding it keeps the note aside and judges the segments alone")
  func repairWithoutNote() throws {
    let sample = try Sample()
    let directory = try sample.copy(with: try sample.note(from: 6))
    var bytes = try Files.read(directory.path + "/cut")
    bytes[30] ^= 1
    try Files.write(directory.path + "/cut", bytes)
    let finding = try #require(try verify(directory).findings.first)
    #expect(finding.kind == .damage && finding.file == directory.path + "/cut")
    #expect(try LogRepair(directory: directory.path).run(discardingDamage: false).damage == finding)
    #expect(try Files.read(directory.path + "/cut") == bytes)
    let outcome = try LogRepair(directory: directory.path).run(discardingDamage: true)
    #expect(outcome.damage == nil && outcome.mended.count == 1)
    #expect(try Files.read(directory.path + "/damaged-1/cut") == bytes)
    #expect(try Log(directory: directory.path, configuration: small).values().count == sample.count)
  }

  @Test("and damage before it are both gone after a repair that discards", arguments: [0, 1])
  func repairWithDamage(segment: Int) throws {
    let sample = try Sample()
    let note = try sample.note(from: 9)
    let directory = try sample.copy(with: note)
    let path = try Files.names(directory.path, ".store")[segment]
    var bytes = try Files.read(path)
    let place = try #require(bytes.firstRange(of: Array("value".utf8))).lowerBound
    bytes[place] ^= 1
    try Files.write(path, bytes)
    let stores = try Files.names(directory.path, ".store").count
    let outcome = try LogRepair(directory: directory.path).run(discardingDamage: true)
    #expect(outcome.damage?.file == path)
    let end = try #require(outcome.cutTo)
    #expect(try Files.names(try #require(outcome.keptAside), ".store").count == stores - segment)
    #expect(try verify(directory).findings.isEmpty)
    let log = try Log(directory: directory.path, configuration: small)
    #expect(log.flushedEnd == end && log.recovery.finishedCut == nil)
  }
}
