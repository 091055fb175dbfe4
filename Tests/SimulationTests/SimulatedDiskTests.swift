import CommitLog
import NIOCore
import Testing

@testable import Simulation

/// The disk does what it says: a crash test on a disk that loses nothing would prove nothing.
@Suite("The simulated disk")
struct SimulatedDiskTests {
  /// A disk with a directory that survives.
  private func disk() throws -> SimulatedDisk {
    let disk = SimulatedDisk(seed: 1)
    _ = try disk.makeDirectory("/data")
    try disk.syncDirectory("/")
    return disk
  }

  private func contents(_ disk: SimulatedDisk, _ path: String, seeds: Range<UInt64> = 0..<300) -> Set<[UInt8]?> {
    Set(seeds.map { disk.afterCrash(seed: $0).content(of: path) })
  }

  @Test("bytes and a name are durable after their syncs, and each without the other's sync is not")
  func durability() throws {
    let disk = try disk()
    let file = try disk.open("/data/file", .created)
    try file.write([ByteBuffer(bytes: [1, 2, 3])], at: 0)
    try file.sync()
    #expect(contents(disk, "/data/file") == [nil, [1, 2, 3]])
    try disk.syncDirectory("/data")
    #expect(contents(disk, "/data/file") == [[1, 2, 3]])
    #expect(disk.afterKill(seed: 1).content(of: "/data/file") == [1, 2, 3])
  }

  @Test("sectors of an unsynced write are kept or lost each on its own")
  func tornWrite() throws {
    let disk = try disk()
    let file = try disk.open("/data/file", .created)
    try file.write([ByteBuffer(repeating: 1, count: 1024)], at: 0)
    try file.sync()
    try disk.syncDirectory("/data")
    try file.write([ByteBuffer(repeating: 2, count: 1024)], at: 0)
    let found = Set(
      contents(disk, "/data/file").map { content in content.map { [$0[0], $0[511], $0[512], $0[1023]] } })
    #expect(found == [[1, 1, 1, 1], [1, 1, 2, 2], [2, 2, 1, 1], [2, 2, 2, 2]])
  }

  @Test("a length that was not synced is the old one, the new one or between")
  func length() throws {
    let disk = try disk()
    let file = try disk.open("/data/file", .created)
    try file.sync()
    try disk.syncDirectory("/data")
    try file.allocate(from: 0, to: 3000)
    let lengths = Set(contents(disk, "/data/file").map { $0?.count })
    #expect(lengths.isSuperset(of: [0, 3000]) && lengths.count > 10)
  }

  @Test("what was cut off does not come back once the cut is durable, and may before")
  func cut() throws {
    let disk = try disk()
    let file = try disk.open("/data/file", .created)
    try file.write([ByteBuffer(repeating: 7, count: 100)], at: 0)
    try file.sync()
    try disk.syncDirectory("/data")
    try file.truncate(to: 10)
    #expect(Set(contents(disk, "/data/file").map { $0?.count }) == [10, 100])
    try file.sync()
    try file.allocate(from: 10, to: 100)
    #expect(contents(disk, "/data/file").allSatisfy { $0?.filter { $0 == 7 }.count == 10 })
  }

  @Test("a rename that was not synced leaves one of the two names, and the target is never missing")
  func rename() throws {
    let disk = try disk()
    for (name, byte) in [("/data/a", 1), ("/data/b", 2)] as [(String, UInt8)] {
      let file = try disk.open(name, .created)
      try file.write([ByteBuffer(bytes: [byte])], at: 0)
      try file.sync()
    }
    try disk.syncDirectory("/data")
    try disk.rename("/data/a", to: "/data/b")
    let found = Set(
      (0..<100 as Range<UInt64>).map { seed in
        let disk = disk.afterCrash(seed: seed)
        return [disk.content(of: "/data/a")?.first ?? 0, disk.content(of: "/data/b")?.first ?? 0]
      })
    #expect(found == [[1, 2], [0, 1]])
  }

  @Test("a failed sync leaves pages that look clean: the next sync succeeds and writes nothing")
  func failedSync() throws {
    var lost = 0
    for seed in 0..<50 as Range<UInt64> {
      let disk = SimulatedDisk(seed: seed)
      let file = try disk.open("/file", .created)
      try disk.syncDirectory("/")
      try file.write([ByteBuffer(bytes: [1])], at: 0)
      disk.plan(.inputOutputError, atStep: disk.step + 1)
      #expect(throws: LogError.syncFailed(file: "/file", errno: 5)) { try file.sync() }
      try file.sync()
      #expect(disk.content(of: "/file") == [1])
      if disk.afterCrash(seed: seed).content(of: "/file") != [1] { lost += 1 }
    }
    #expect(lost > 5 && lost < 50)
  }

  @Test("a full disk takes what there is room for, and more when something is removed")
  func capacity() throws {
    let disk = try disk()
    disk.capacityBytes = 8192
    let file = try disk.open("/data/file", .created)
    try file.allocate(from: 0, to: 4096)
    let other = try disk.open("/data/other", .created)
    #expect(throws: LogError.noSpace(file: "/data/other")) {
      try other.write([ByteBuffer(repeating: 1, count: 5000)], at: 0)
    }
    #expect(try other.size() == 4096)
    try other.truncate(to: 0)
    try file.allocate(from: 4096, to: 8192)
  }

  @Test("what is stored to a map reaches the file, and the platter page by page or never")
  func map() throws {
    let disk = try disk()
    let file = try disk.open("/data/file", .created)
    try file.allocate(from: 0, to: 1024)
    try file.sync()
    try disk.syncDirectory("/data")
    let map = try file.map(length: 1024)
    map.bytes[0] = 1
    map.bytes[600] = 1
    #expect(try file.read(at: 600, count: 1) == ByteBuffer(bytes: [1]))
    let found = Set(contents(disk, "/data/file").map { [$0?[0], $0?[600]] })
    #expect(found == [[0, 0], [0, 1], [1, 0], [1, 1]])
  }

  @Test("a lock is held by one open file, and ends with it")
  func lock() throws {
    let disk = try disk()
    var first: (any File)? = try disk.open("/data/lock", .kept)
    let second = try disk.open("/data/lock", .kept)
    #expect(try first?.lock() == true)
    #expect(try !second.lock())
    first = nil
    #expect(try second.lock())
  }
}
