import CCommitLog
import Glibc
package import NIOCore
import Synchronization

/// A file on the real disk: every system call on an open file is here.
package final class DiskFile: File {
  package let path: String
  private let descriptor: Int32
  private let isLocked = Atomic(false)

  package init(_ path: String, _ mode: FileMode) throws(LogError) {
    let descriptor = retrying { open(path, mode.flags, 0o640) }
    guard descriptor >= 0 else { throw .failed("open", path, errno: errno) }
    self.path = path
    self.descriptor = descriptor
  }

  deinit {
    // A child between fork and exec has the descriptor too, and with it the lock, until it is taken off (flock(2)).
    if isLocked.load(ordering: .relaxed) { flock(descriptor, LOCK_UN) }
    close(descriptor)
  }

  package func size() throws(LogError) -> UInt64 {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .failed("stat", path, errno: errno) }
    return UInt64(status.st_size)
  }

  package func read(at position: UInt64, count: Int) throws(LogError) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: count)
    var failure: Int32?
    while buffer.readableBytes < count, failure == nil {
      let offset = off_t(position) + off_t(buffer.readableBytes)
      let wanted = count - buffer.readableBytes
      let got = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { bytes in
        let result = retrying { pread(descriptor, bytes.baseAddress, wanted, offset) }
        if result < 0 { failure = errno }
        return max(result, 0)
      }
      if got == 0 { break }
    }
    if let failure { throw .failed("read", path, errno: failure) }
    return buffer
  }

  /// As few calls as the kernel allows.
  package func write(_ buffers: [ByteBuffer], at position: UInt64) throws(LogError) {
    // The storage of each buffer is held by `buffers` until the end of this function, so the addresses stay valid.
    var vectors = buffers.map { buffer in
      buffer.withUnsafeReadableBytes { bytes in
        iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
      }
    }
    try withExtendedLifetime(buffers) { () throws(LogError) in
      try write(&vectors, at: position)
    }
  }

  private func write(_ vectors: inout [iovec], at position: UInt64) throws(LogError) {
    var position = off_t(position)
    var first = 0
    while first < vectors.count {
      let number = Int32(min(vectors.count - first, Self.maximumVectors))
      let written = vectors.withUnsafeBufferPointer { pointer in
        retrying { pwritev(descriptor, pointer.baseAddress?.advanced(by: first), number, position) }
      }
      guard written >= 0 else { throw .failed("write", path, errno: errno) }
      position += off_t(written)
      var rest = written
      while first < vectors.count, rest >= vectors[first].iov_len {
        rest -= vectors[first].iov_len
        first += 1
      }
      if rest > 0 {
        vectors[first].iov_base += rest
        vectors[first].iov_len -= rest
      }
    }
  }

  /// IOV_MAX of Linux.
  private static let maximumVectors = 1024

  /// Where the file system cannot reserve blocks, only the length grows.
  package func allocate(from start: UInt64, to end: UInt64) throws(LogError) {
    let result = ccommitlog_fallocate(descriptor, off_t(start), off_t(end - start))
    switch result {
    case 0: return
    case EOPNOTSUPP: try truncate(to: end)
    default: throw .failed("allocate", path, errno: result)
    }
  }

  package func truncate(to length: UInt64) throws(LogError) {
    guard retrying({ ftruncate(descriptor, off_t(length)) }) == 0 else {
      throw .failed("truncate", path, errno: errno)
    }
  }

  package func sync() throws(LogError) {
    guard retrying({ fdatasync(descriptor) }) == 0 else { throw .syncFailed(file: path, errno: errno) }
  }

  package func lock() throws(LogError) -> Bool {
    if retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0 {
      isLocked.store(true, ordering: .relaxed)
      return true
    }
    guard errno == EWOULDBLOCK else { throw .failed("lock", path, errno: errno) }
    return false
  }

  package func map(length: Int) throws(LogError) -> any MemoryMap {
    try MappedFile(descriptor: descriptor, path: path, length: length)
  }
}

extension FileMode {
  fileprivate var flags: Int32 {
    switch self {
    case .existing: O_RDWR | O_CLOEXEC
    case .reading: O_RDONLY | O_CLOEXEC
    case .created: O_RDWR | O_CLOEXEC | O_CREAT | O_TRUNC
    case .kept: O_RDWR | O_CLOEXEC | O_CREAT
    }
  }
}

/// Repeats a system call that a signal interrupted.
private func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}
