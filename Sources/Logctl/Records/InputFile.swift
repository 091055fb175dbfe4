import Dispatch
import Glibc

/// A file or standard input, read in pieces.
final class InputFile: Sendable {
  /// The size of a pipe's buffer on Linux.
  private static let chunkBytes = 64 * 1024

  private let name: String
  private let descriptor: Int32
  /// A read may wait for a person's typing. It must not hold one of the few threads that run tasks, on which answers
  /// are waited for at the same time.
  private let queue = DispatchQueue(label: "logctl.input")

  /// - Parameter path: `nil` for standard input.
  init(path: String?) throws(SystemError) {
    guard let path else {
      self.name = "standard input"
      self.descriptor = STDIN_FILENO
      return
    }
    self.name = path
    self.descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard self.descriptor >= 0 else { throw SystemError(action: "cannot open \(path)", code: errno) }
  }

  deinit {
    if self.descriptor != STDIN_FILENO { close(self.descriptor) }
  }

  /// The next bytes; `nil` at the end.
  func read() async throws -> [UInt8]? {
    try await withCheckedThrowingContinuation { continuation in
      self.queue.async { continuation.resume(with: Result { try self.readBlocking() }) }
    }
  }

  private func readBlocking() throws -> [UInt8]? {
    while true {
      var code: Int32 = 0
      let chunk = [UInt8](unsafeUninitializedCapacity: Self.chunkBytes) { buffer, count in
        let result = Glibc.read(self.descriptor, buffer.baseAddress, buffer.count)
        code = result < 0 ? errno : 0
        count = max(result, 0)
      }
      if code == 0 { return chunk.isEmpty ? nil : chunk }
      guard code == EINTR else { throw SystemError(action: "cannot read \(self.name)", code: code) }
    }
  }
}
