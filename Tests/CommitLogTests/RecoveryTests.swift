import NIOCore
import TestSupport
import Testing

@testable import CommitLog

@Suite("Recovery")
struct RecoveryTests {
  /// A log of five batches, each flushed, as a crash leaves it.
  private func crashed(_ configuration: Log.Configuration = medium) throws -> (TemporaryDirectory, [Int], Int) {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: configuration)
    var positions: [Int] = []
    var position = Files.firstBatch
    for number in 0..<5 {
      positions.append(position)
      let batch = log.next(["value \(number)"])
      try log.append([batch])
      try log.flush()
      position += batch.byteCount + SyncMark.bytes
    }
    return (try Files.copy(directory.path), positions, position - SyncMark.bytes)
  }

  private func store(_ directory: TemporaryDirectory) throws -> String {
    try #require(try Files.names(directory.path, ".store").last)
  }

  @Test("a torn tail is truncated after the last valid batch, wherever it tore", arguments: [0, 0xA5] as [UInt8])
  func tornTail(filler: UInt8) throws {
    let (directory, positions, end) = try crashed()
    let path = try store(directory)
    let whole = try Files.read(path)
    for tear in positions[4]..<end {
      var bytes = whole
      for position in tear..<bytes.count { bytes[position] = position < end ? filler : 0 }
      try Files.write(path, bytes)
      let log = try Log(directory: directory.path, configuration: medium)
      let isWhole = bytes[..<end] == whole[..<end]
      #expect(try log.values().count == (isWhole ? 5 : 4), "torn at \(tear)")
      #expect(isWhole || filler == 0 || log.recovery.tornTail?.position == FilePosition(UInt64(positions[4])))
      try log.add(["again"])
      try log.flush()
      #expect(try log.values().last == "again")
      try log.close()
    }
  }

  @Test("a file that ends in the middle of the last batch is cut to the batch before")
  func shortenedFile() throws {
    let (directory, positions, end) = try crashed()
    let path = try store(directory)
    let whole = try Files.read(path)
    for length in positions[4]..<end {
      try Files.write(path, Array(whole[..<length]))
      #expect(try Log(directory: directory.path, configuration: medium).values().count == 4)
    }
  }

  @Test("a flipped bit in any byte of a synced batch is refused with file and position, and nothing is changed")
  func damageBeforeTheTail() throws {
    let (directory, positions, _) = try crashed()
    let path = try store(directory)
    let whole = try Files.read(path)
    for position in positions[2]..<positions[3] - SyncMark.bytes {
      var bytes = whole
      bytes[position] ^= 1 << UInt8(position % 8)
      try Files.write(path, bytes)
      let error = #expect(throws: LogError.self) { try Log(directory: directory.path, configuration: medium) }
      guard case .damaged(path, FilePosition(UInt64(positions[2])), _) = error else {
        Issue.record("flipped at \(position): \(String(describing: error))")
        continue
      }
      #expect(try Files.read(path) == bytes)
    }
  }

  @Test("batches of one unsynced write that reached the disk out of order are cut, not refused")
  func reorderedSectors() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: medium)
    try log.add(["synced"])
    try log.flush()
    let first = log.next(["lost"])
    let second = log.next(["kept"], after: log.acceptedEnd.after(first))
    try log.append([first, second])
    let copy = try Files.copy(directory.path)
    let path = try store(copy)
    var bytes = try Files.read(path)
    let start = try #require(bytes.firstRange(of: Array("lost".utf8))).lowerBound
    bytes[start] = 0
    try Files.write(path, bytes)
    let reopened = try Log(directory: copy.path, configuration: medium)
    #expect(try reopened.values() == ["synced"])
    #expect(reopened.recovery.tornTail != nil)
  }

  @Test("after a clean close even damage of the last batch is refused")
  func damageAfterClose() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: medium)
    try log.add(["last"])
    try log.close()
    let path = try store(directory)
    var bytes = try Files.read(path)
    bytes[Files.firstBatch + 60] ^= 1
    try Files.write(path, bytes)
    #expect(throws: LogError.self) { try Log(directory: directory.path, configuration: medium) }
  }

  @Test("a crash while rolling leaves a log: half-made files are removed")
  func crashWhileRolling() throws {
    let (directory, _, _) = try crashed(small)
    try Files.write(directory.path + "/00000000000000000006.store.new", [1, 2, 3])
    try Files.write(directory.path + "/00000000000000000009.index", [1, 2, 3])
    let log = try Log(directory: directory.path, configuration: small)
    #expect(try log.values().count == 5)
    #expect(log.recovery.removedFiles.count == 2)
  }

  @Test("segments that are missing, swapped or of another log are refused")
  func wrongSegments() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: small)
    for number in 0..<40 { try log.add(["value \(number)"]) }
    try log.flush()
    for change in 0..<4 {
      let copy = try Files.copy(directory.path)
      let stores = try Files.names(copy.path, ".store")
      switch change {
      case 0: try Files.remove(stores[1])
      case 1: try Files.write(stores[1], try Files.read(stores[2]))
      case 2: try Files.write(stores[1], [])
      default:
        let other = try TemporaryDirectory()
        _ = try Log(directory: other.path)
        try Files.write(copy.path + "/meta", try Files.read(other.path + "/meta"))
      }
      let error = #expect(throws: LogError.self) { try Log(directory: copy.path, configuration: small) }
      guard case .damaged = error else {
        Issue.record("\(change): \(String(describing: error))")
        continue
      }
    }
  }

  @Test("a log that lost its segments or its metadata does not begin anew")
  func lostFiles() throws {
    let (first, _, _) = try crashed()
    try Files.remove(first.path + "/meta")
    #expect(throws: LogError.self) { try Log(directory: first.path) }
    let (second, _, _) = try crashed()
    try Files.remove(second.path + "/00000000000000000001.store")
    #expect(throws: LogError.self) { try Log(directory: second.path) }
  }

  // A crash left proglog's index padded with zeros, which broke the segment.
  @Test("an index that is missing, zero, garbage, longer, shorter or wrong is made anew", arguments: 0..<7)
  func wrongIndex(damage: Int) throws {
    let directory = try TemporaryDirectory()
    let configuration = Log.Configuration(maximumStoreBytes: 32 << 10, preallocationBytes: 4096)
    let log = try Log(directory: directory.path, configuration: configuration)
    let expected = (0..<60).map { "\($0)" + String(repeating: "x", count: 2000) }
    for value in expected { try log.add([value]) }
    try log.close()
    for path in try Files.names(directory.path, ".index") {
      var bytes = try Files.read(path)
      switch damage {
      case 0: try Files.remove(path)
      case 1: bytes = Array(repeating: 0, count: bytes.count)
      case 2: for position in bytes.indices { bytes[position] = UInt8(truncatingIfNeeded: position &* 31) }
      case 3: bytes += Array(repeating: 0, count: IndexEntry.bytes * 10)
      case 4: bytes.removeLast(5)
      case 5: bytes[Index.headerBytes + IndexEntry.bytes * 2 + 3] ^= 0x10
      default: bytes[Index.headerBytes - 10] ^= 1
      }
      if damage != 0 { try Files.write(path, bytes) }
    }
    let reopened = try Log(directory: directory.path, configuration: configuration)
    #expect(try reopened.values() == expected)
    for offset in 0..<60 {
      #expect(
        try reopened.read(from: Offset(UInt64(offset)), maximumBytes: 0).first?.baseOffset.rawValue == UInt64(offset))
    }
    try reopened.close()
    // The first time each of the sealed ones, the second time none.
    #expect(reopened.rebuiltIndexes == reopened.segmentCount - 1)
    let again = try Log(directory: directory.path, configuration: configuration)
    #expect(try again.values() == expected)
    #expect(again.rebuiltIndexes == 0)
  }

  @Test("a flipped bit in a sealed segment is reported when it is read, and the rest stays readable")
  func damageInSealedSegment() throws {
    let directory = try TemporaryDirectory()
    let configuration = Log.Configuration(maximumStoreBytes: 32 << 10, preallocationBytes: 4096)
    let log = try Log(directory: directory.path, configuration: configuration)
    for number in 0..<40 { try log.add(["value \(number)" + String(repeating: "x", count: 2000)]) }
    try log.close()
    let path = try #require(try Files.names(directory.path, ".store").first)
    var bytes = try Files.read(path)
    let place = try #require(bytes.firstRange(of: Array("value 2x".utf8))).lowerBound
    bytes[place] ^= 4
    try Files.write(path, bytes)
    let reopened = try Log(directory: directory.path, configuration: configuration)
    let error = #expect(throws: LogError.self) { try reopened.read(from: Offset(2), maximumBytes: 1) }
    guard case .damaged(path, FilePosition(UInt64(place - BatchLayout.payload - 3)), _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try reopened.read(from: Offset(0), maximumBytes: 10_000).count == 2)
    #expect(try reopened.read(from: Offset(30), maximumBytes: 1).count == 1)
  }

  @Test("no bytes in any file crash the log", arguments: 0..<200 as Range<UInt64>)
  func randomDamage(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (directory, _, _) = try crashed(small)
    let names = try Files.list(directory.path).filter { $0 != DirectoryLock.name }
    let path = directory.path + "/" + names[Int.random(in: 0..<names.count, using: &random)]
    var bytes = try Files.read(path)
    for _ in 0..<Int.random(in: 1...20, using: &random) where !bytes.isEmpty {
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
    }
    if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
    try Files.write(path, bytes)
    do {
      let log = try Log(directory: directory.path, configuration: small)
      #expect((0..<5).map { "value \($0)" }.starts(with: try log.values()), "seed \(seed)")
    } catch let error as LogError {
      #expect(!error.description.isEmpty)
    }
  }
}
