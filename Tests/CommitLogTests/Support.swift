import Glibc
import NIOCore

@testable import CommitLog

/// A directory that is gone with the value.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    // In memory where possible: thousands of syncs would make the suite as slow as the disk.
    let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(parent)/commitlog-XXXXXX\0".utf8CString)
    guard let made = mkdtemp(&template) else { throw LogError.failed("mkdtemp", "/tmp", errno: errno) }
    path = String(cString: made)
  }

  deinit {
    remove(path)
  }

  private func remove(_ path: String) {
    guard let names = try? Files.list(path) else { return }
    for name in names where unlink(path + "/" + name) != 0 { remove(path + "/" + name) }
    rmdir(path)
  }
}

/// Bytes of files, for a test to look at and to damage.
enum Files {
  /// Where the first batch of a log's first segment is.
  static let firstBatch = StoreHeader.bytes + DerivedState().encoded().readableBytes

  static func list(_ directory: String) throws -> [String] {
    try DiskFileSystem().names(inDirectory: directory)
  }

  static func remove(_ path: String) throws {
    try DiskFileSystem().remove(path)
  }

  static func names(_ directory: String, _ suffix: String) throws -> [String] {
    try list(directory).filter { $0.hasSuffix(suffix) }.map { directory + "/" + $0 }
  }

  static func read(_ path: String) throws -> [UInt8] {
    let file = try DiskFile(path, .existing)
    return Array(buffer: try file.read(at: 0, count: Int(try file.size())))
  }

  static func write(_ path: String, _ bytes: [UInt8]) throws {
    try DiskFile(path, .created).write([ByteBuffer(bytes: bytes)], at: 0)
  }

  /// What a crash leaves: the files as they are now, without the log being closed.
  static func copy(_ directory: String) throws -> TemporaryDirectory {
    let copy = try TemporaryDirectory()
    for name in try list(directory) where name != DirectoryLock.name {
      try write(copy.path + "/" + name, try read(directory + "/" + name))
    }
    return copy
  }
}

extension Log {
  /// The batch that continues this log, with these values.
  func next(_ values: [String], term: Term = Term(1), after end: LogEnd? = nil) -> RecordBatch {
    let end = end ?? acceptedEnd
    let time = Timestamp(microseconds: 1_000_000)
    var batch: RecordBatch
    if values.isEmpty {
      batch = .noOperation(timestamp: time)
    } else {
      var builder = RecordBatch.Builder()
      for value in values { builder.append(value.utf8, timestamp: time) }
      batch = builder.finish()
    }
    batch.stamp(
      index: end.nextIndex, term: max(term, end.lastTerm), baseOffset: end.nextOffset, appendTime: time)
    return batch
  }

  func add(_ values: [String], term: Term = Term(1)) throws {
    try append([next(values, term: term)])
  }

  /// Every value that can be read, by reading from the start in small steps.
  func values() throws -> [String] {
    var values: [String] = []
    var offset = startOffset
    while offset < flushedEnd.nextOffset {
      for batch in try read(from: offset, maximumBytes: 500) {
        for record in try batch.records { values.append(String(buffer: record.value)) }
        offset = batch.nextOffset
      }
    }
    return values
  }
}

// Without a tail cache, so that reads come from the disk.
let small = Log.Configuration(
  maximumStoreBytes: 1024, maximumIndexBytes: 1000, preallocationBytes: 512, tailCacheBytes: 0)
let medium = Log.Configuration(maximumStoreBytes: 64 << 10, preallocationBytes: 4096, tailCacheBytes: 0)
