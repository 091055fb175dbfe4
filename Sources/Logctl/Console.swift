import Glibc

/// The reader of standard output went away.
struct OutputClosed: Error {}

/// A system call's failure.
struct SystemError: Error, CustomStringConvertible {
  let action: String
  let code: Int32

  var description: String { "\(self.action): \(String(cString: strerror(self.code)).lowercased())" }
}

/// Standard output and standard error.
enum Console {
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// One line on standard error. If it cannot be written there is no other place to tell.
  static func complain(_ message: String) {
    try? self.write(Array("logctl: \(message)\n".utf8), to: STDERR_FILENO)
  }

  /// One line on standard output.
  ///
  /// - Throws: ``OutputClosed`` or ``SystemError``.
  static func say(_ line: String) throws {
    try self.write(Array("\(line)\n".utf8), to: STDOUT_FILENO)
  }

  /// - Throws: ``OutputClosed`` or ``SystemError``.
  static func write(_ bytes: [UInt8], to descriptor: Int32) throws {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
      if count >= 0 {
        written += count
      } else if errno == EPIPE {
        throw OutputClosed()
      } else if errno != EINTR {
        throw SystemError(action: "cannot write the output", code: errno)
      }
    }
  }
}

/// Standard output, gathered into large writes unless somebody waits for each line.
struct Output {
  /// Enough that writing costs little beside the network.
  private static let flushBytes = 64 * 1024

  private let isImmediate: Bool
  private var pending: [UInt8] = []

  /// - Parameter isLive: whether lines must be seen as they come, as on a terminal.
  init(isLive: Bool) {
    self.isImmediate = isLive || Console.isTerminal(STDOUT_FILENO)
  }

  mutating func write(_ bytes: [UInt8]) throws {
    self.pending += bytes
    if self.isImmediate || self.pending.count >= Self.flushBytes { try self.flush() }
  }

  mutating func flush() throws {
    let bytes = self.pending
    self.pending = []
    try Console.write(bytes, to: STDOUT_FILENO)
  }
}
