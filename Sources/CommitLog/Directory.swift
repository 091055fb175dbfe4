import Glibc
import NIOCore

/// A directory: making, naming and removing files durably.
struct Directory: Sendable {
  let path: String

  /// Suffix of a file that is not whole yet; what has it after a crash is removed.
  static let temporarySuffix = ".new"

  /// Opens the directory, making it, and those above it, when missing.
  init(_ path: String) throws(LogError) {
    self.path = path
    try Self.make(path)
  }

  private static func make(_ path: String) throws(LogError) {
    if mkdir(path, 0o750) == 0 {
      try sync(parent(of: path))
      return
    }
    switch errno {
    case EEXIST: return
    case ENOENT where parent(of: path) != path:
      try make(parent(of: path))
      try make(path)
    default: throw .failed("make directory", path, errno: errno)
    }
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  func path(of name: String) -> String {
    path + "/" + name
  }

  func names() throws(LogError) -> [String] {
    guard let stream = opendir(path) else { throw .failed("list", path, errno: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Makes names that were added or removed survive a loss of power.
  func sync() throws(LogError) {
    try Self.sync(path)
  }

  private static func sync(_ path: String) throws(LogError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .failed("open", path, errno: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .syncFailed(file: path, errno: errno) }
  }

  /// Removes a name; it is no error when it is not there.
  func remove(_ name: String) throws(LogError) {
    guard unlink(path(of: name)) == 0 || errno == ENOENT else { throw .failed("remove", path(of: name), errno: errno) }
  }

  /// Makes a file that is there with all its content or not at all: written under another name, synced, renamed.
  func create(
    _ name: String, content: ByteBuffer, allocating size: UInt64 = 0
  ) throws(LogError) -> File {
    let temporary = path(of: name + Self.temporarySuffix)
    do throws(LogError) {
      let file = try File(temporary, .created)
      if size > 0 { try file.allocate(from: 0, to: size) }
      try file.write([content], at: 0)
      try file.sync()
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path(of: name)) == 0 else {
      let number = errno
      unlink(temporary)
      throw .failed("rename", temporary, errno: number)
    }
    try sync()
    return try File(path(of: name), .existing)
  }
}
