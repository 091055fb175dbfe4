import Glibc
import NIOCore
import Testing

@testable import CommitLog

/// A file system of a given size, unmounted with the value.
private final class SmallFileSystem: Sendable {
  private static let prefix = "/tmp/commitlog-full-"
  let path: String

  init(bytes: Int) throws {
    Self.removeStale()
    path = Self.prefix + "\(getpid())-\(UInt32.random(in: 0 ... .max))"
    _ = try DiskFileSystem().makeDirectory(path)
    guard mount("tmpfs", path, "tmpfs", 0, "size=\(bytes)") == 0 else {
      let number = errno
      rmdir(path)
      throw LogError.failed("mount", path, errno: number)
    }
  }

  deinit {
    Self.unmount(path)
  }

  private static func unmount(_ path: String) {
    umount2(path, Int32(2))  // MNT_DETACH
    rmdir(path)
  }

  /// Those of runs that were killed.
  private static func removeStale() {
    guard let names = try? Files.list("/tmp") else { return }
    for name in names where ("/tmp/" + name).hasPrefix(prefix) {
      let rest = ("/tmp/" + name).dropFirst(prefix.count)
      if let pid = pid_t(rest.prefix { $0.isNumber }), kill(pid, 0) != 0 { unmount("/tmp/" + name) }
    }
  }
}

@Suite(
  "Full disk", .enabled(if: geteuid() == 0, "needs root, to mount a small file system"))
struct FullDiskTests {
  private static let configuration = Log.Configuration(
    maximumStoreBytes: 32 << 10, maximumIndexBytes: 4096, preallocationBytes: 8192)

  @Test(
    "a full disk refuses appends as a whole, keeps reads, and takes appends again when there is room", arguments: 1...5)
  func appends(batchesAtOnce: Int) throws {
    let disk = try SmallFileSystem(bytes: 256 << 10)
    var log = try Log(directory: disk.path, configuration: Self.configuration)
    var count = 0
    var refusals = 0
    while refusals < 3 {
      var end = log.acceptedEnd
      let before = end
      var batches: [RecordBatch] = []
      for number in 0..<batchesAtOnce {
        let batch = log.next(["\(count + number) " + String(repeating: "x", count: 3000)], after: end)
        end = end.after(batch)
        batches.append(batch)
      }
      do throws(LogError) {
        try log.append(batches)
        try log.flush()
        count += batchesAtOnce
      } catch {
        guard case .noSpace = error else { throw error }
        refusals += 1
        #expect(log.acceptedEnd == before)
        #expect(try log.values().count == count)
      }
    }
    #expect(count > 40)
    try log.removeSegments(before: Offset(UInt64(count / 2)))
    try log.add(["there is room"])
    try log.close()
    log = try Log(directory: disk.path, configuration: Self.configuration)
    #expect(log.flushedEnd.nextOffset == Offset(UInt64(count + 1)))
    #expect(try log.values().last == "there is room")
  }

  @Test("a log on a full disk can be opened and read")
  func opening() throws {
    let disk = try SmallFileSystem(bytes: 64 << 10)
    var log = try Log(directory: disk.path, configuration: Self.configuration)
    let error = #expect(throws: LogError.self) {
      while true {
        try log.add([String(repeating: "x", count: 1000)])
        try log.flush()
      }
    }
    guard case .noSpace = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    let end = log.flushedEnd
    try log.close()
    let filler = try DiskFile(disk.path + "/filler", .created)
    while (try? filler.write([ByteBuffer(repeating: 1, count: 4096)], at: try filler.size())) != nil {}
    log = try Log(directory: disk.path, configuration: Self.configuration)
    #expect(log.flushedEnd == end)
  }
}
