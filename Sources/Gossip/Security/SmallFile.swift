internal import Glibc

/// A file that is read and replaced as a whole.
enum SmallFile {
  struct Failure: Error, Hashable, CustomStringConvertible {
    var operation: String
    /// 0: the file is over the limit.
    var code: Int32
    var limit = 0

    var isMissingFile: Bool { code == ENOENT }

    var description: String {
      code == 0
        ? "it has more than \(limit) bytes" : "\(operation) fails: \(String(cString: strerror(code)))"
    }
  }

  static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(operation: "opening it", code: errno) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress! + filled, $0.count - filled) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Failure(operation: "reading it", code: errno) }
      guard count > 0 else { return Array(bytes.prefix(filled)) }
      filled += count
    }
    throw Failure(operation: "reading it", code: 0, limit: limit)
  }

  /// Whoever opens the file, after a crash too, finds what was there or what is there now. Mode 0600.
  static func replace(_ path: String, with bytes: [UInt8]) throws(Failure) {
    let temporary = path + ".new"
    // Of a write that was cut off.
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Failure(operation: "creating \(temporary)", code: errno) }
    do throws(Failure) {
      defer { close(descriptor) }
      try write(bytes, to: descriptor)
      guard fsync(descriptor) == 0 else { throw Failure(operation: "syncing \(temporary)", code: errno) }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else {
      let code = errno
      unlink(temporary)
      throw Failure(operation: "renaming \(temporary) to it", code: code)
    }
    try syncDirectory(of: path)
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) throws(Failure) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Failure(operation: "writing it", code: errno) }
      written += count
    }
  }

  private static func syncDirectory(of path: String) throws(Failure) {
    let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(operation: "opening the directory \(directory)", code: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw Failure(operation: "syncing the directory \(directory)", code: errno) }
  }
}
