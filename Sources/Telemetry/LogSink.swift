import Glibc

/// Where log lines go. A line is one call, and one write(2): lines of several threads or processes never mix.
package struct LogSink: Sendable {
  package let write: @Sendable ([UInt8]) -> Void

  package init(write: @escaping @Sendable ([UInt8]) -> Void) {
    self.write = write
  }

  /// Standard error. A line that it does not take is lost: there is nobody left to tell.
  package static let standardError = LogSink { line in
    var written = 0
    while written < line.count {
      let count = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress! + written, $0.count - written) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      written += count
    }
  }
}
