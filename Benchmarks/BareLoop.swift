import Glibc
import NIOCore

/// The least that durability costs on this disk.
final class BareLoop {
  private let descriptor: Int32
  private var position: off_t = 0

  /// - Parameter isWritten: whether the blocks are not only reserved but have been written once.
  init(path: String, bytes: Int, isWritten: Bool = false) throws {
    descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0, posix_fallocate(descriptor, 0, off_t(bytes)) == 0 else {
      throw SystemCallFailed(call: "open \(path)", errno: errno)
    }
    let zeros = [UInt8](repeating: 0, count: isWritten ? bytes : 0)
    guard pwrite(descriptor, zeros, zeros.count, 0) == zeros.count, fsync(descriptor) == 0 else {
      throw SystemCallFailed(call: "write \(path)", errno: errno)
    }
  }

  func append(_ value: ByteBuffer) throws {
    let written = value.withUnsafeReadableBytes { bytes in
      var vector = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
      return pwritev(descriptor, &vector, 1, position)
    }
    guard written == value.readableBytes, fdatasync(descriptor) == 0 else {
      throw SystemCallFailed(call: "pwritev and fdatasync", errno: errno)
    }
    position += off_t(written)
  }

  deinit { close(descriptor) }
}

struct SystemCallFailed: Error, CustomStringConvertible {
  var call: String
  var errno: Int32
  var description: String { "\(call): \(String(cString: strerror(errno)))" }
}
