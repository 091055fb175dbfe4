import CAllocationCounter
import CommitLog
import Glibc
import NIOCore

/// What a small record costs on its way to the disk: processor time of the whole process, the kernel's part too, and
/// allocations. Batches are built record by record, stamped, appended and synced in groups, as the storage thread does.
struct RecordBenchmark: Benchmark {
  static let name = "records"
  private static let recordBytes = 128
  private static let recordsPerBatch = 100
  /// What queues while a sync runs under load.
  private static let batchesPerFlush = 64
  private static let flushes = 200
  private static let rounds = 5

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let log = try Log(directory: "\(environment.directory)/log")
    let value = ByteBuffer(repeating: 7, count: Self.recordBytes)
    var costs: [Double] = []
    var allocations: [Double] = []
    let records = Double(Self.flushes * Self.batchesPerFlush * Self.recordsPerBatch)
    for _ in 0..<Self.rounds {
      let allocated = callocationcounter_count()
      let began = Self.processorTime()
      for _ in 0..<Self.flushes { try appendGroup(value, to: log) }
      costs.append((Self.processorTime() - began) / records * 1e9)
      allocations.append(Double(callocationcounter_count() - allocated) / records)
    }
    try log.close()
    return [
      Measurement(
        "append of 128-byte records, 100 a batch", ours: median(costs), unit: "ns of CPU a record", goal: .atMost(250)),
      // One for each batch, its buffer, and some for each group are left.
      Measurement("the same", ours: median(allocations), unit: "allocations a record", goal: .atMost(0.05)),
    ]
  }

  private func appendGroup(_ value: ByteBuffer, to log: Log) throws {
    var batches: [RecordBatch] = []
    batches.reserveCapacity(Self.batchesPerFlush)
    var end = log.acceptedEnd
    for _ in 0..<Self.batchesPerFlush {
      var builder = RecordBatch.Builder(capacity: Self.recordsPerBatch * (Self.recordBytes + 3))
      // Records that come together share a time.
      let time = Timestamp.now
      for _ in 0..<Self.recordsPerBatch { builder.append(value, timestamp: time) }
      let batch = builder.finish().stamped(
        index: end.nextIndex, term: Term(1), baseOffset: end.nextOffset, appendTime: time)
      end = LogEnd(nextIndex: batch.index.advanced(by: 1), nextOffset: batch.nextOffset, lastTerm: Term(1))
      batches.append(batch)
    }
    try log.append(batches)
    try log.flush()
  }

  /// Seconds, of all threads, in user and kernel mode.
  private static func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
