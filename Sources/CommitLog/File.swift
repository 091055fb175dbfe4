import CCommitLog
import Glibc
import NIOCore

/// An open file: every system call on one is here. Closed with the last reference, so that a reader may go on with a file
/// that has been removed meanwhile.
final class File: Sendable {
  let path: String
  let descriptor: Int32

  enum Mode {
    case existing
    /// Made anew; what was there is emptied.
    case created
    /// Made when missing, kept when there.
    case kept

    fileprivate var flags: Int32 {
      switch self {
      case .existing: O_RDWR | O_CLOEXEC
      case .created: O_RDWR | O_CLOEXEC | O_CREAT | O_TRUNC
      case .kept: O_RDWR | O_CLOEXEC | O_CREAT
      }
    }
  }

  init(_ path: String, _ mode: Mode) throws(LogError) {
    let descriptor = retrying { open(path, mode.flags, 0o640) }
    guard descriptor >= 0 else { throw .failed("open", path, errno: errno) }
    self.path = path
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }

  func size() throws(LogError) -> UInt64 {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .failed("stat", path, errno: errno) }
    return UInt64(status.st_size)
  }

  /// Reads up to `count` bytes; fewer only at the end of the file.
  func read(at position: UInt64, count: Int) throws(LogError) -> ByteBuffer {
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

  /// Writes the buffers one after the other, as few calls as the kernel allows.
  func write(_ buffers: [ByteBuffer], at position: UInt64) throws(LogError) {
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

  /// Reserves blocks up to `end`, which read as zeros. Where the file system cannot, only the length grows.
  func allocate(from start: UInt64, to end: UInt64) throws(LogError) {
    let result = ccommitlog_fallocate(descriptor, off_t(start), off_t(end - start))
    switch result {
    case 0: return
    case EOPNOTSUPP: try truncate(to: end)
    default: throw .failed("allocate", path, errno: result)
    }
  }

  func truncate(to length: UInt64) throws(LogError) {
    guard retrying({ ftruncate(descriptor, off_t(length)) }) == 0 else {
      throw .failed("truncate", path, errno: errno)
    }
  }

  /// Syncs the data and what is needed to read it back, the file's length among it.
  func sync() throws(LogError) {
    guard retrying({ fdatasync(descriptor) }) == 0 else { throw .syncFailed(file: path, errno: errno) }
  }

  /// Takes the file's advisory lock. False when another open file has it.
  func lock() throws(LogError) -> Bool {
    if retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0 { return true }
    guard errno == EWOULDBLOCK else { throw .failed("lock", path, errno: errno) }
    return false
  }
}

/// Repeats a system call that a signal interrupted.
private func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}
