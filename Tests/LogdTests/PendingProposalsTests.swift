import CommitLog
import Testing

@testable import Logd

@Suite struct PendingProposalsTests {
  private func queue(_ indexes: ClosedRange<UInt64>) -> PendingProposals<String> {
    var queue = PendingProposals<String>()
    for index in indexes {
      queue.append(
        .init(
          index: LogIndex(index), baseOffset: Offset(index * 10), bytes: 100, records: 1, completions: ["\(index)"]))
    }
    return queue
  }

  @Test(
    "a flush completes what it covers, in order, and nothing else",
    arguments: [(5, []), (6, [5]), (8, [5, 6, 7]), (99, [5, 6, 7, 8])] as [(UInt64, [UInt64])])
  func flush(before: UInt64, completes: [UInt64]) {
    var queue = queue(5...8)
    #expect(queue.takeFlushed(before: LogIndex(before)).map(\.index.rawValue) == completes)
    #expect(queue.count == 4 - completes.count)
    #expect(queue.bytes == 100 * queue.count)
  }

  @Test(
    "a refusal fails what was not written, in order, and nothing before it",
    arguments: [(9, []), (8, [8]), (6, [6, 7, 8]), (1, [5, 6, 7, 8])] as [(UInt64, [UInt64])])
  func refusal(from: UInt64, fails: [UInt64]) {
    var queue = queue(5...8)
    #expect(queue.takeRefused(from: LogIndex(from)).map(\.index.rawValue) == fails)
    #expect(queue.count == 4 - fails.count)
    #expect(queue.bytes == 100 * queue.count)
  }

  @Test("after a refusal the log goes on at the index that was refused")
  func goesOn() {
    var queue = queue(5...8)
    _ = queue.takeRefused(from: LogIndex(7))
    queue.append(.init(index: LogIndex(7), baseOffset: Offset(70), bytes: 1, records: 1, completions: ["again"]))
    #expect(queue.takeFlushed(before: LogIndex(8)).map(\.completions) == [["5"], ["6"], ["again"]])
    #expect(queue.isEmpty)
  }
}
