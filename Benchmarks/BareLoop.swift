import Glibc
import NIOCore

/// The least that durability costs on this disk.
final class BareLoop {
  private let descriptor: Int32
  private var position: off_t = 0

  init(path: String, bytes: Int) throws {
    descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0, posix_fallocate(descriptor, 0, off_t(bytes)) == 0, fsync(descriptor) == 0 else {
      throw SystemCallFailed(call: "open \(path)", errno: errno)
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
