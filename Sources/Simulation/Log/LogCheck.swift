import CommitLog
import NIOCore
import TestSupport

/// Compares a log with what it must be.
struct LogCheck {
  let log: Log
  let model: LogModel

  enum Failure: Error {
    case differs(String)
    case error(LogError)
  }

  func run(_ random: inout SeededGenerator) throws(Failure) {
    guard log.acceptedEnd == model.end, log.flushedEnd == model.flushedEnd, log.start == model.start else {
      throw .differs(
        "the log is \(log.start) to \(log.flushedEnd) to \(log.acceptedEnd), "
          + "and must be \(model.start) to \(model.flushedEnd) to \(model.end)")
    }
    try checkContent(step: Int.random(in: 1...4096, using: &random))
    if let difference = ReferenceState(of: model.batches).difference(from: log.derivedState) {
      throw .differs("the state that follows from the log: \(difference)")
    }
    for _ in 0..<4 { try checkLookUps(&random) }
    try checkBounds()
  }

  /// Every batch from start to end, byte for byte, and dense.
  private func checkContent(step: Int) throws(Failure) {
    var end = log.start
    while end.nextIndex < log.flushedEnd.nextIndex {
      let found = try reading { () throws(LogError) in try log.read(from: end.nextIndex, maximumBytes: step) }
      guard !found.isEmpty else { throw .differs("nothing is read at index \(end.nextIndex)") }
      for batch in found {
        guard batch.index == end.nextIndex, batch.baseOffset == end.nextOffset, batch.term >= end.lastTerm else {
          throw .differs(
            "batch \(batch.index) at offset \(batch.baseOffset) of term \(batch.term) was read where \(end) goes on")
        }
        let place = Int(batch.index.rawValue) - 1
        guard place < model.batches.count, model.batches[place].buffer == batch.buffer else {
          throw .differs("the batch at index \(batch.index) is not the one that was appended")
        }
        end = model.ends[place + 1]
      }
    }
  }

  private func checkLookUps(_ random: inout SeededGenerator) throws(Failure) {
    guard let first = model.batches.dropFirst(model.removedCount).first, model.start != model.flushedEnd else { return }
    let last = model.flushedEnd
    let index = LogIndex(UInt64.random(in: first.index.rawValue..<last.nextIndex.rawValue, using: &random))
    let byIndex = try reading { () throws(LogError) in try log.read(from: index, maximumBytes: 0) }
    guard byIndex.map(\.index) == [index] else {
      throw .differs("a read from index \(index) gave batches \(byIndex.map(\.index))")
    }
    if first.baseOffset < last.nextOffset {
      let offset = Offset(UInt64.random(in: first.baseOffset.rawValue..<last.nextOffset.rawValue, using: &random))
      let byOffset = try reading { () throws(LogError) in try log.read(from: offset, maximumBytes: 0) }
      guard byOffset.map(\.index) == [model.batch(at: offset)?.index] else {
        throw .differs("a read from offset \(offset) gave batches \(byOffset.map(\.index))")
      }
    }
    let known = model.batches[Int.random(in: model.removedCount..<Int(last.nextIndex.rawValue) - 1, using: &random)]
    let time = Timestamp(microseconds: known.appendTime.microseconds + Int64.random(in: -1...1, using: &random))
    let found = try reading { () throws(LogError) in try log.offset(at: time) }
    guard found == model.offset(at: time) else {
      throw .differs("time \(time) is at offset \(found) and must be at \(model.offset(at: time))")
    }
  }

  private func checkBounds() throws(Failure) {
    do throws(LogError) {
      _ = try log.read(from: model.flushedEnd.nextOffset, maximumBytes: 1)
    } catch {
      if case .outOfRange = error { return }
      throw .error(error)
    }
    throw .differs("what is behind the end of the log can be read")
  }

  private func reading<Value>(_ body: () throws(LogError) -> Value) throws(Failure) -> Value {
    do throws(LogError) { return try body() } catch { throw .error(error) }
  }
}
