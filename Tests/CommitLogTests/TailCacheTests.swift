import NIOCore
import Testing

@testable import CommitLog

@Suite("Tail cache")
struct TailCacheTests {
  /// Batches of `counts` records each, from index 1 and offset 0.
  private func batches(_ counts: [Int]) -> [RecordBatch] {
    var end = LogEnd(nextIndex: LogIndex(1), nextOffset: Offset(0), lastTerm: Term(1))
    return counts.map { count in
      var builder = RecordBatch.Builder()
      for number in 0..<count { builder.append("value \(number)".utf8, timestamp: Timestamp(microseconds: 0)) }
      let batch = (count == 0 ? .noOperation(timestamp: Timestamp(microseconds: 0)) : builder.finish()).stamped(
        index: end.nextIndex, term: Term(1), baseOffset: end.nextOffset, appendTime: Timestamp(microseconds: 0))
      end = end.after(batch)
      return batch
    }
  }

  private let all = LogIndex(.max)

  @Test("finds by index and by offset what it has, batches without records too")
  func lookup() {
    var cache = TailCache(limit: 1 << 20, flushed: all)
    let batches = batches([3, 0, 2, 1, 0, 0, 4])
    cache.append(batches)
    for batch in batches {
      #expect(cache.read(.index(batch.index), maximumBytes: 0) == [batch])
      for offset in batch.baseOffset.rawValue..<batch.nextOffset.rawValue {
        #expect(cache.read(.offset(Offset(offset)), maximumBytes: 0) == [batch])
      }
    }
    #expect(cache.read(.index(LogIndex(8)), maximumBytes: 0) == nil)
    #expect(cache.read(.offset(Offset(10)), maximumBytes: 0) == nil)
    #expect(cache.read(.index(LogIndex(1)), maximumBytes: .max) == batches)
    let two = batches[0].byteCount + batches[1].byteCount
    #expect(cache.read(.index(LogIndex(1)), maximumBytes: two) == Array(batches[..<2]))
    #expect(cache.read(.index(LogIndex(1)), maximumBytes: two - 1) == Array(batches[..<1]))
  }

  @Test("gives out nothing that is not flushed, nor what takes the place of what was cut")
  func flushed() {
    var cache = TailCache(limit: 1 << 20, flushed: LogIndex(1))
    let batches = batches([1, 1, 1])
    cache.append(batches)
    #expect(cache.read(.offset(Offset(0)), maximumBytes: .max) == nil)
    cache.flush(before: LogIndex(3))
    #expect(cache.read(.offset(Offset(0)), maximumBytes: .max) == Array(batches[..<2]))
    #expect(cache.read(.offset(Offset(2)), maximumBytes: .max) == nil)
    cache.truncate(from: LogIndex(2))
    cache.append(Array(batches[1...]))
    #expect(cache.read(.offset(Offset(0)), maximumBytes: .max) == Array(batches[..<1]))
  }

  @Test("the oldest go when there are too many bytes; a cut at either end takes its part")
  func bounds() {
    let batches = batches(Array(repeating: 1, count: 10))
    let size = batches[0].buffer.storageCapacity
    var cache = TailCache(limit: 4 * size, flushed: all)
    cache.append(batches)
    #expect(cache.read(.index(LogIndex(6)), maximumBytes: .max) == nil)
    #expect(cache.read(.index(LogIndex(7)), maximumBytes: .max)?.count == 4)
    cache.truncate(from: LogIndex(10))
    #expect(cache.read(.index(LogIndex(7)), maximumBytes: .max)?.count == 3)
    cache.remove(before: LogIndex(9))
    #expect(cache.read(.index(LogIndex(8)), maximumBytes: .max) == nil)
    #expect(cache.read(.index(LogIndex(9)), maximumBytes: .max)?.count == 1)
    cache.truncate(from: LogIndex(1))
    cache.flush(before: all)
    // Empty, it takes batches from anywhere.
    cache.append([batches[4]])
    #expect(cache.read(.index(LogIndex(5)), maximumBytes: 0) == [batches[4]])
    var none = TailCache(limit: 0, flushed: all)
    none.append(batches)
    #expect(none.read(.index(LogIndex(10)), maximumBytes: 0) == nil)
  }
}
