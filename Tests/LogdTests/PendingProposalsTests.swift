import CommitLog
import NIOCore
import Testing

@testable import Logd

@Suite struct PendingProposalsTests {
  private func queue(_ indexes: ClosedRange<UInt64>) -> PendingProposals<String> {
    var queue = PendingProposals<String>()
    for index in indexes {
      queue.append(
        .init(
          index: LogIndex(index), term: Term(1), baseOffset: Offset(index * 10), bytes: 100, records: 1,
          proposedAt: .uptimeNanoseconds(0), completions: ["\(index)"]))
    }
    return queue
  }

  @Test(
    "a commit completes what it covers, in order, and nothing else",
    arguments: [(4, []), (5, [5]), (7, [5, 6, 7]), (99, [5, 6, 7, 8])] as [(UInt64, [UInt64])])
  func commit(through: UInt64, completes: [UInt64]) {
    var queue = queue(5...8)
    #expect(queue.takeCommitted(through: LogIndex(through)).map(\.index.rawValue) == completes)
    #expect(queue.count == 4 - completes.count)
    #expect(queue.bytes == 100 * queue.count)
  }

  @Test(
    "a cut fails what it takes away, in order, and nothing before it",
    arguments: [(9, []), (8, [8]), (6, [6, 7, 8]), (1, [5, 6, 7, 8])] as [(UInt64, [UInt64])])
  func cut(from: UInt64, fails: [UInt64]) {
    var queue = queue(5...8)
    #expect(queue.takeTruncated(from: LogIndex(from)).map(\.index.rawValue) == fails)
    #expect(queue.count == 4 - fails.count)
    #expect(queue.bytes == 100 * queue.count)
  }

  @Test("after a cut the log goes on at the index that was cut off")
  func goesOn() {
    var queue = queue(5...8)
    _ = queue.takeTruncated(from: LogIndex(7))
    queue.append(
      .init(
        index: LogIndex(7), term: Term(2), baseOffset: Offset(70), bytes: 1, records: 1,
        proposedAt: .uptimeNanoseconds(0), completions: ["again"]))
    #expect(queue.takeCommitted(through: LogIndex(7)).map(\.completions) == [["5"], ["6"], ["again"]])
    #expect(queue.isEmpty)
  }

  @Test("a retry waits for its batch, if that waits here")
  func retry() {
    var queue = queue(5...6)
    let joined = [60, 61, 40].map { queue.join("retry", at: Offset($0)) }
    #expect(joined == [true, false, false])
    #expect(queue.takeCommitted(through: LogIndex(6)).map(\.retries) == [[], ["retry"]])
  }
}
