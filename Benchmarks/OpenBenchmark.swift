import CommitLog
import FoundationEssentials
import Glibc
import NIOCore

/// Opening a log of 4 GiB whose last segment is full: closed, and as a killed process leaves it; each out of the page cache and
/// from the disk.
struct OpenBenchmark: Benchmark {
  static let name = "open"
  private static let bytes = 4 << 30

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let directory = "\(environment.directory)/log"
    var log: Log? = try Log(directory: directory)
    if let log {
      // A little less, so that the last of the 64 segments is nearly full: the most there is to read.
      try ReadBenchmark.fill(log, bytes: Self.bytes - (8 << 20), recordsPerBatch: 1000)
    }
    let killed = try Self.open(directory, closing: &log)
    let closed = try Self.open(directory, closing: &log)
    try Self.dropFromPageCache(directory)
    let cold = try Self.open(directory, closing: &log)
    try log?.close()
    return [
      Measurement("opening a log of 4 GiB, killed before", ours: killed, unit: "s", goal: .atMost(1)),
      Measurement("the same, closed before", ours: closed, unit: "s", goal: .atMost(1)),
      Measurement("the same, out of the page cache", ours: cold, unit: "s", goal: .atMost(1)),
    ]
  }

  /// Lets go of the log that was open, the first time without closing it, and opens it again. Seconds.
  private static func open(_ directory: String, closing log: inout Log?) throws -> Double {
    if log?.recovery.created == false { try log?.close() }
    log = nil
    var opened: Log?
    let time = try ContinuousClock().measure { opened = try Log(directory: directory) }
    log = opened
    return time / .seconds(1)
  }

  private static func dropFromPageCache(_ directory: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
      let path = "\(directory)/\(name)"
      let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw SystemCallFailed(call: "open \(path)", errno: errno) }
      defer { close(descriptor) }
      // Dirty pages stay.
      guard fsync(descriptor) == 0, posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0 else {
        throw SystemCallFailed(call: "posix_fadvise \(path)", errno: errno)
      }
    }
  }
}
