import CommitLog
import Glibc
import NIOCore

/// Durable appends of 64 KiB: the log's against a bare loop of pwritev and fdatasync into a preallocated file, which
/// nothing that keeps its word can beat. Taken in turns, so that a change in the disk's mood meets both.
struct AppendBenchmark {
  static let payloadBytes = 64 << 10
  static let rounds = 10
  static let appendsPerRound = 200

  let directory: String

  /// Appends a second, by the log and by the loop.
  func run() throws -> (log: Double, loop: Double) {
    let log = try Log(directory: "\(directory)/log")
    let loop = try BareLoop(path: "\(directory)/loop", bytes: Self.rounds * Self.appendsPerRound * Self.payloadBytes)
    let value = ByteBuffer(repeating: 7, count: Self.payloadBytes)
    var times = (log: Duration.zero, loop: Duration.zero)
    for _ in 0..<Self.rounds {
      times.loop += try ContinuousClock().measure {
        for _ in 0..<Self.appendsPerRound { try loop.append(value) }
      }
      times.log += try ContinuousClock().measure {
        for _ in 0..<Self.appendsPerRound { try append(value, to: log) }
      }
    }
    try log.close()
    let appends = Double(Self.rounds * Self.appendsPerRound)
    return (appends / (times.log / .seconds(1)), appends / (times.loop / .seconds(1)))
  }

  private func append(_ value: ByteBuffer, to log: Log) throws {
    var batch = RecordBatch.Builder(capacity: value.readableBytes)
    batch.append(value, timestamp: .now)
    let end = log.acceptedEnd
    try log.append([
      batch.finish().stamped(index: end.nextIndex, term: Term(1), baseOffset: end.nextOffset, appendTime: .now)
    ])
    try log.flush()
  }
}

/// The least that durability costs on this disk.
private final class BareLoop {
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
