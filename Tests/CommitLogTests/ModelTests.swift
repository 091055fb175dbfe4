import NIOCore
import TestSupport
import Testing

@testable import CommitLog

/// Random operations on a log and on an array that it must agree with.
@Suite("Log against a model")
struct ModelTests {
  private struct Model {
    var entries: [(index: UInt64, offset: UInt64, values: [String])] = []
    var flushed = 0
  }

  @Test("any sequence of operations and crashes leaves what the model has", arguments: 0..<60 as Range<UInt64>)
  func operations(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var directory = try TemporaryDirectory()
    let configuration = Log.Configuration(
      maximumStoreBytes: Int.random(in: 1024...4096, using: &random),
      maximumIndexBytes: Int.random(in: 88...200, using: &random),
      preallocationBytes: Int.random(in: 1...3000, using: &random),
      zeroedAheadBytes: Int.random(in: 0...6000, using: &random),
      tailCacheBytes: [0, 2000, 1 << 20].randomElement(using: &random) ?? 0)
    var log = try Log(directory: directory.path, configuration: configuration)
    var model = Model()
    for step in 0..<60 {
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<10:
        try append(Int.random(in: 1...6, using: &random), to: log, &model, &random, step)
      case 10..<14:
        try log.flush()
        model.flushed = model.entries.count
      case 14 where !model.entries.isEmpty:
        let keep = Int.random(in: 0...model.entries.count, using: &random)
        let first = log.start.nextIndex.rawValue
        guard keep == model.entries.count || model.entries[keep].index >= first else { continue }
        try log.truncate(
          from: keep == model.entries.count ? log.acceptedEnd.nextIndex : LogIndex(model.entries[keep].index))
        // A cut makes durable what is before it; a cut of nothing does nothing.
        if keep < model.entries.count { model.flushed = keep }
        model.entries.removeLast(model.entries.count - keep)
      case 15:
        try log.removeSegments(
          before: Offset(UInt64.random(in: 0...log.acceptedEnd.nextOffset.rawValue, using: &random)))
      case 16:
        try log.close()
        log = try Log(directory: directory.path, configuration: configuration)
        model.flushed = model.entries.count
      case 17:
        // All that was written is in the files, flushed or not, as after a process was killed.
        let copy = try Files.copy(directory.path)
        log = try Log(directory: copy.path, configuration: configuration)
        directory = copy
        model.flushed = model.entries.count
      default: break
      }
      try compare(log, model, random.next(), "seed \(seed) step \(step)")
    }
  }

  private func append(
    _ count: Int, to log: Log, _ model: inout Model, _ random: inout SeededGenerator, _ step: Int
  ) throws {
    var end = log.acceptedEnd
    var batches: [RecordBatch] = []
    for number in 0..<count {
      let values = (0..<Int.random(in: 0...3, using: &random)).map {
        "\(step).\(number).\($0)" + String(repeating: "x", count: Int.random(in: 0...200, using: &random))
      }
      let batch = log.next(values, after: end)
      model.entries.append((end.nextIndex.rawValue, end.nextOffset.rawValue, values))
      end = end.after(batch)
      batches.append(batch)
    }
    try log.append(batches)
  }

  private func compare(_ log: Log, _ model: Model, _ choice: UInt64, _ place: String) throws {
    let expected = model.entries.last.map { ($0.index + 1, $0.offset + UInt64($0.values.count)) } ?? (1, 0)
    #expect(log.acceptedEnd.nextIndex.rawValue == expected.0, "\(place)")
    #expect(log.acceptedEnd.nextOffset.rawValue == expected.1, "\(place)")
    let start = log.start.nextIndex.rawValue
    let readable = model.entries[..<model.flushed].filter { $0.index >= start }
    #expect(try log.values() == readable.flatMap(\.values), "\(place)")
    guard !readable.isEmpty else { return }
    let one = readable[Int(choice % UInt64(readable.count))]
    let found = try log.read(from: LogIndex(one.index), maximumBytes: 1).first
    #expect(try found?.records.map { String(buffer: $0.value) } == one.values, "\(place)")
  }
}
