import FuzzSupport
import Glibc
import NIOCore

@testable import CommitLog

extension FuzzTarget {
  /// A walk through a store file of arbitrary bytes. The first byte: 1 checksums are put right before, 2 the window is small.
  static let storeCursor = FuzzTarget(
    "store-cursor", maximumBytes: 4096,
    seeds: {
      let store = try Image.sample().files.first { $0.name.hasSuffix(Store.suffix) }
      return (0..<4).map { [UInt8($0)] + (store?.bytes ?? []) }
    },
    run: { input in
      var bytes = Array(input.dropFirst())
      let choice = input.first ?? 0
      if choice & 1 != 0 { Restamp.store(&bytes, incarnation: Samples.incarnation) }
      let directory = try Scratch.directory("store")
      try Scratch.write(bytes, to: directory.path(of: Store.name(Samples.begin.nextIndex)))
      do throws(LogError) {
        let store = try Store.open(in: directory, base: Samples.begin.nextIndex, incarnation: Samples.incarnation)
        let end = FilePosition(UInt64(bytes.count))
        var cursor = store.scan(to: end)
        if choice & 2 != 0 { cursor.windowBytes = 100 }
        let taken = try walk(&cursor)
        let mark = try store.firstMark(from: store.firstPosition, to: end)
        let dataEnd = try store.endOfData(from: store.firstPosition, to: end)
        guard taken.last.map({ $0 <= (dataEnd ?? FilePosition(0)) }) ?? true else {
          return try fail("zeros are a batch")
        }
        if let marked = cursor.markedEnd, mark.map({ $0 >= marked }) ?? true { return try fail("a mark was not found") }
        return !taken.isEmpty
      } catch {
        guard case .damaged = error else { throw error }
        return false
      }
    })

  private static func fail(_ what: String) throws(LogError) -> Bool {
    // Typed, for the caller's sake: the walk throws nothing else.
    throw .invalidConfiguration(what)
  }

  /// The positions of the batches.
  private static func walk(_ cursor: inout StoreCursor) throws(LogError) -> [FilePosition] {
    var taken: [FilePosition] = []
    while case .batch(let batch, let position) = try cursor.next() {
      guard cursor.position == position.advanced(by: batch.byteCount), cursor.expected?.nextOffset == batch.nextOffset
      else {
        _ = try fail("the cursor stands at \(cursor.position) after a batch of \(batch.byteCount) at \(position)")
        break
      }
      taken.append(position)
    }
    return taken
  }
}

/// Files that a target writes anew for each input: in memory, for the disk would set the pace.
enum Scratch {
  /// One per process, gone with it.
  private static let root: String? = {
    let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(parent)/proglog-fuzz-XXXXXX\0".utf8CString)
    guard let made = mkdtemp(&template) else { return nil }
    atexit { Scratch.remove() }
    return String(cString: made)
  }()

  static func directory(_ name: String) throws -> Directory {
    guard let root else { throw Violation("no folder could be made in /dev/shm or /tmp") }
    return try Directory("\(root)/\(name)", in: DiskFileSystem())
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    try require(
      descriptor >= 0 && Glibc.write(descriptor, bytes, bytes.count) == bytes.count, "cannot write \(path): \(errno)")
  }

  static func empty(_ directory: Directory) throws {
    for name in try directory.names() { try directory.remove(name) }
  }

  private static func remove() {
    guard let root else { return }
    let folder = Directory(existing: root, in: DiskFileSystem())
    for name in (try? folder.names()) ?? [] {
      try? empty(Directory(existing: folder.path(of: name), in: DiskFileSystem()))
      rmdir(folder.path(of: name))
    }
    rmdir(root)
  }
}
