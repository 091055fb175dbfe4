import CommitLog
import Glibc
import NIOCore

/// Reading a log from end to end out of the page cache, every batch checked, against a bare loop of pread over the same
/// files.
struct ReadBenchmark: Benchmark {
  static let name = "read"
  private static let bytes = 1 << 30
  private static let recordsPerBatch = 100
  /// What a consumer that is behind asks for.
  private static let readBytes = 1 << 20
  private static let rounds = 5

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let directory = "\(environment.directory)/log"
    let log = try Log(directory: directory, configuration: Log.Configuration(tailCacheBytes: 0))
    try Self.fill(log, bytes: Self.bytes, recordsPerBatch: Self.recordsPerBatch)
    var rates: (log: [Double], loop: [Double]) = ([], [])
    for _ in 0..<Self.rounds {
      rates.loop.append(try Self.rate { try readBare(log, in: directory) })
      rates.log.append(try Self.rate { try read(log) })
    }
    try log.close()
    return [
      Measurement(
        "sequential read from the page cache", ours: rates.log, peer: "bare pread", values: rates.loop, unit: "GB/s",
        goal: .atLeast(1))
    ]
  }

  /// Batches of 128-byte records until the log has so many bytes.
  static func fill(_ log: Log, bytes: Int, recordsPerBatch: Int) throws {
    let value = ByteBuffer(repeating: 7, count: 128)
    var written = 0
    while written < bytes {
      var batches: [RecordBatch] = []
      var end = log.acceptedEnd
      for _ in 0..<256 {
        var builder = RecordBatch.Builder(capacity: recordsPerBatch * 131)
        for _ in 0..<recordsPerBatch { builder.append(value, timestamp: .now) }
        let batch = builder.finish().stamped(
          index: end.nextIndex, term: Term(1), baseOffset: end.nextOffset, appendTime: .now)
        end = LogEnd(nextIndex: batch.index.advanced(by: 1), nextOffset: batch.nextOffset, lastTerm: Term(1))
        batches.append(batch)
        written += batch.byteCount
      }
      try log.append(batches)
      try log.flush()
    }
  }

  /// Billions of bytes a second.
  private static func rate(_ read: () throws -> Int) throws -> Double {
    var bytes = 0
    let time = try ContinuousClock().measure { bytes = try read() }
    return Double(bytes) / 1e9 / (time / .seconds(1))
  }

  private func read(_ log: Log) throws -> Int {
    var bytes = 0
    var index = log.start.nextIndex
    while index < log.flushedEnd.nextIndex {
      for batch in try log.read(from: index, maximumBytes: Self.readBytes) {
        bytes += batch.byteCount
        index = batch.index.advanced(by: 1)
      }
    }
    return bytes
  }

  private func readBare(_ log: Log, in directory: String) throws -> Int {
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: Self.readBytes, alignment: 4096)
    defer { buffer.deallocate() }
    var bytes = 0
    for segment in try log.segments {
      let digits = segment.start.nextIndex.description
      let path = "\(directory)/\(String(repeating: "0", count: 20 - digits.count))\(digits).store"
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw SystemCallFailed(call: "open \(path)", errno: errno) }
      defer { close(descriptor) }
      var position = 0
      while position < segment.bytes {
        let count = pread(descriptor, buffer, min(Self.readBytes, Int(segment.bytes) - position), off_t(position))
        guard count > 0 else { throw SystemCallFailed(call: "pread \(path)", errno: errno) }
        position += count
      }
      bytes += position
    }
    return bytes
  }
}
