package import CommitLog
import NIOCore

/// A mistake that a log could make, for the tests to see that they would notice.
package enum PlantedDefect: String, CaseIterable, Sendable {
  case acknowledgesBeforeSync = "acknowledges before the sync"
  case skipsDirectorySync = "skips the sync of the directory"
  #if DEBUG
  case trustsIndex = "trusts the index over the store"
  #endif

  /// The file system as a log with the defect would use it.
  package func applied(to fileSystem: any FileSystem) -> any FileSystem {
    DefectiveFileSystem(base: fileSystem, defect: self)
  }
}

private struct DefectiveFileSystem: FileSystem {
  let base: any FileSystem
  let defect: PlantedDefect

  func makeDirectory(_ path: String) throws(LogError) -> DirectoryCreation { try base.makeDirectory(path) }
  func names(inDirectory path: String) throws(LogError) -> [String] { try base.names(inDirectory: path) }
  func hasFile(_ path: String) -> Bool { base.hasFile(path) }
  func rename(_ path: String, to target: String) throws(LogError) { try base.rename(path, to: target) }
  func remove(_ path: String) throws(LogError) { try base.remove(path) }

  func syncDirectory(_ path: String) throws(LogError) {
    if defect == .skipsDirectorySync { return }
    try base.syncDirectory(path)
  }

  func open(_ path: String, _ mode: FileMode) throws(LogError) -> any File {
    let file = try base.open(path, mode)
    return defect == .acknowledgesBeforeSync ? UnsyncedFile(base: file) : file
  }
}

/// A file whose syncs are done some time, perhaps.
private final class UnsyncedFile: File {
  private let base: any File

  init(base: any File) {
    self.base = base
  }

  var path: String { base.path }
  func size() throws(LogError) -> UInt64 { try base.size() }
  func read(at position: UInt64, count: Int) throws(LogError) -> ByteBuffer {
    try base.read(at: position, count: count)
  }
  func write(_ buffers: [ByteBuffer], at position: UInt64) throws(LogError) { try base.write(buffers, at: position) }
  func allocate(from start: UInt64, to end: UInt64) throws(LogError) { try base.allocate(from: start, to: end) }
  func truncate(to length: UInt64) throws(LogError) { try base.truncate(to: length) }
  func sync() throws(LogError) {}
  func lock() throws(LogError) -> Bool { try base.lock() }
  func map(length: Int) throws(LogError) -> any MemoryMap { try base.map(length: length) }
}
