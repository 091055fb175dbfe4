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
    var cache = TailCache(limit: 1 << 20)
    let batches = batches([3, 0, 2, 1, 0, 0, 4])
    cache.append(batches)
    for batch in batches {
      #expect(cache.read(.index(batch.index), maximumBytes: 0, before: all) == [batch])
      for offset in batch.baseOffset.rawValue..<batch.nextOffset.rawValue {
        #expect(cache.read(.offset(Offset(offset)), maximumBytes: 0, before: all) == [batch])
      }
    }
    #expect(cache.read(.index(LogIndex(8)), maximumBytes: 0, before: all) == nil)
    #expect(cache.read(.offset(Offset(10)), maximumBytes: 0, before: all) == nil)
    #expect(cache.read(.index(LogIndex(1)), maximumBytes: .max, before: all) == batches)
    let two = batches[0].byteCount + batches[1].byteCount
    #expect(cache.read(.index(LogIndex(1)), maximumBytes: two, before: all) == Array(batches[..<2]))
    #expect(cache.read(.index(LogIndex(1)), maximumBytes: two - 1, before: all) == Array(batches[..<1]))
  }

  @Test("gives out nothing from the given end on")
  func end() {
    var cache = TailCache(limit: 1 << 20)
    let batches = batches([1, 1, 1])
    cache.append(batches)
    #expect(cache.read(.offset(Offset(0)), maximumBytes: .max, before: LogIndex(3)) == Array(batches[..<2]))
    #expect(cache.read(.offset(Offset(2)), maximumBytes: .max, before: LogIndex(3)) == nil)
  }

  @Test("the oldest go when there are too many bytes; a cut at either end takes its part")
  func bounds() {
    let batches = batches(Array(repeating: 1, count: 10))
    let size = batches[0].buffer.storageCapacity
    var cache = TailCache(limit: 4 * size)
    cache.append(batches)
    #expect(cache.read(.index(LogIndex(6)), maximumBytes: .max, before: all) == nil)
    #expect(cache.read(.index(LogIndex(7)), maximumBytes: .max, before: all)?.count == 4)
    cache.truncate(from: LogIndex(10))
    #expect(cache.read(.index(LogIndex(7)), maximumBytes: .max, before: all)?.count == 3)
    cache.remove(before: LogIndex(9))
    #expect(cache.read(.index(LogIndex(8)), maximumBytes: .max, before: all) == nil)
    #expect(cache.read(.index(LogIndex(9)), maximumBytes: .max, before: all)?.count == 1)
    cache.truncate(from: LogIndex(1))
    // Empty, it takes batches from anywhere.
    cache.append([batches[4]])
    #expect(cache.read(.index(LogIndex(5)), maximumBytes: 0, before: all) == [batches[4]])
    var none = TailCache(limit: 0)
    none.append(batches)
    #expect(none.read(.index(LogIndex(10)), maximumBytes: 0, before: all) == nil)
  }
}
