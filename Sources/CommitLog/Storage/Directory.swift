import Glibc
import NIOCore

/// A directory of a log: making, naming and removing files durably.
struct Directory: Sendable {
  let fileSystem: any FileSystem
  let path: String

  /// Suffix of a file that is not whole yet; what has it after a crash is removed.
  static let temporarySuffix = ".new"

  /// A directory that is there.
  init(existing path: String, in fileSystem: any FileSystem) {
    self.fileSystem = fileSystem
    self.path = path
  }

  /// Opens the directory, making it, and those above it, when missing.
  init(_ path: String, in fileSystem: any FileSystem) throws(LogError) {
    self.init(existing: path, in: fileSystem)
    try make(path)
  }

  private func make(_ path: String) throws(LogError) {
    let parent = Self.parent(of: path)
    switch try fileSystem.makeDirectory(path) {
    case .present: return
    case .made: try fileSystem.syncDirectory(parent)
    case .noParent:
      guard parent != path else { throw .io(operation: "make directory", file: path, errno: ENOENT) }
      try make(parent)
      guard case .made = try fileSystem.makeDirectory(path) else { return }
      try fileSystem.syncDirectory(parent)
    }
  }

  /// Makes the directory's own name survive a loss of power, and those above it. Who made them may have been killed before a
  /// sync, so that they are there is no proof.
  func syncAncestors() throws(LogError) {
    var descendant = path
    while true {
      let parent = Self.parent(of: descendant)
      guard parent != descendant else { return }
      do throws(LogError) {
        try fileSystem.syncDirectory(parent)
      } catch {
        // One that this user may not open was made by somebody else.
        guard case .io(_, _, EACCES) = error else { throw error }
      }
      descendant = parent
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
    try fileSystem.names(inDirectory: path)
  }

  func has(_ name: String) -> Bool {
    fileSystem.hasFile(path(of: name))
  }

  func open(_ name: String, _ mode: FileMode) throws(LogError) -> any File {
    try fileSystem.open(path(of: name), mode)
  }

  /// Makes names that were added or removed survive a loss of power.
  func sync() throws(LogError) {
    try fileSystem.syncDirectory(path)
  }

  /// Removes a name; it is no error when it is not there.
  func remove(_ name: String) throws(LogError) {
    try fileSystem.remove(path(of: name))
  }

  /// Makes a file that is there with all its content or not at all: written under another name, synced, renamed.
  func create(
    _ name: String, content: [ByteBuffer], allocating size: UInt64 = 0
  ) throws(LogError) -> any File {
    let temporary = name + Self.temporarySuffix
    do throws(LogError) {
      let file = try open(temporary, .created)
      if size > 0 { try file.allocate(from: 0, to: size) }
      try file.write(content, at: 0)
      try file.sync()
      try fileSystem.rename(path(of: temporary), to: path(of: name))
    } catch {
      // The first error is what the caller has to know; the next opening removes what is left.
      do throws(LogError) { try remove(temporary) } catch {}
      throw error
    }
    try sync()
    return try open(name, .existing)
  }
}
