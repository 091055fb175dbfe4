import Glibc

/// Files that are read and written as a whole.
package enum SmallFile {
  package enum Mode: UInt32, Sendable {
    /// For all to read.
    case shared = 0o644
    /// For its owner only.
    case secret = 0o600
  }

  /// - Throws: ``FileError``, also when the file is longer than `limit` bytes.
  package static func read(_ path: String, limit: Int = PEM.maximumBytes) throws(FileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw error(path, "open it") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 {
        guard errno == EINTR else { throw error(path, "read it") }
      } else if count == 0 {
        return bytes
      } else {
        bytes += buffer[..<count]
        guard bytes.count <= limit else { throw FileError(path: path, problem: .tooLong(limit: limit)) }
      }
    }
  }

  /// Writes a file that is there as a whole or not at all, whenever the machine stops. It is never open to others than its
  /// mode says, not even for a moment.
  ///
  /// - Parameter overwrites: whether a file of that name is replaced. If not, none is, whoever makes one at the same time.
  package static func write(_ text: String, to path: String, _ mode: Mode, overwrites: Bool) throws(FileError) {
    let temporary = "\(path).\(UInt64.random(in: .min ... .max)).tmp"
    // Gone already once it was renamed.
    defer { unlink(temporary) }
    try fill(temporary, Array(text.utf8), mode)
    if overwrites {
      guard rename(temporary, path) == 0 else { throw error(path, "write it") }
    } else if Glibc.link(temporary, path) != 0 {
      // Unlike rename, link does not replace.
      throw errno == EEXIST ? FileError(path: path, problem: .exists) : error(path, "write it")
    }
    try sync(directoryOf: path)
  }

  private static func fill(_ path: String, _ bytes: [UInt8], _ mode: Mode) throws(FileError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode.rawValue)
    guard descriptor >= 0 else { throw error(path, "write it") }
    defer { close(descriptor) }
    // The umask may have taken away what others are to have.
    guard fchmod(descriptor, mode.rawValue) == 0 else { throw error(path, "set its mode") }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
      guard count >= 0 || errno == EINTR else { throw error(path, "write it") }
      written += max(count, 0)
    }
    guard fsync(descriptor) == 0 else { throw error(path, "sync it") }
  }

  /// Makes a directory for its owner only, if there is none.
  package static func makeDirectory(_ path: String) throws(FileError) {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw error(path, "make the directory") }
    try sync(directoryOf: path)
  }

  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Replaces `path` by `source`.
  static func move(_ source: String, to path: String) throws(FileError) {
    guard rename(source, path) == 0 else { throw error(source, "rename it to \(path)") }
    try sync(directoryOf: path)
  }

  /// Gives a file a second name, unless that exists.
  static func link(_ path: String, as other: String) throws(FileError) {
    guard Glibc.link(path, other) == 0 || errno == EEXIST else { throw error(path, "link it as \(other)") }
    try sync(directoryOf: path)
  }

  static func remove(_ path: String) throws(FileError) {
    guard unlink(path) == 0 || errno == ENOENT else { throw error(path, "remove it") }
    try sync(directoryOf: path)
  }

  /// The names in a directory, sorted.
  static func names(in path: String) throws(FileError) -> [String] {
    guard let directory = opendir(path) else { throw error(path, "list it") }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// A new name is durable once its directory is.
  private static func sync(directoryOf path: String) throws(FileError) {
    let directory = directory(of: path)
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw error(directory, "open it") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw error(directory, "sync it") }
  }

  /// Where a file is: `.` when the path does not say.
  package static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func error(_ path: String, _ action: String) -> FileError {
    FileError(path: path, problem: .system(action: action, code: errno))
  }
}
