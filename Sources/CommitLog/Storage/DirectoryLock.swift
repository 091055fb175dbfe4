import Glibc
import NIOCore

/// Keeps a second process, or a second log in this one, out of a directory. Ends with the value, or with the process.
final class DirectoryLock: Sendable {
  static let name = "lock"

  private let file: any File

  init(_ directory: Directory) throws(LogError) {
    file = try directory.open(Self.name, .kept)
    guard try file.lock() else {
      // A pid in decimal has at most ten digits.
      let holder = try file.read(at: 0, count: 16)
      let digits = String(buffer: holder).prefix { $0.isNumber }
      throw .locked(directory: directory.path, pid: Int32(digits))
    }
    try file.truncate(to: 0)
    do {
      try file.write([ByteBuffer(string: "\(getpid())\n")], at: 0)
    } catch {
      // The pid is only for the message to others: a full disk must not keep a log from being opened and read.
      guard case .noSpace = error else { throw error }
    }
  }
}
