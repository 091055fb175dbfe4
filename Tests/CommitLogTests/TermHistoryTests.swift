import Testing

@testable import CommitLog

@Suite("Terms of a log")
struct TermHistoryTests {
  private let history: TermHistory = {
    var history = TermHistory()
    for (index, term) in [(1, 1), (2, 1), (3, 4), (4, 4), (5, 4), (6, 7)] {
      history.append(Term(UInt64(term)), at: LogIndex(UInt64(index)))
    }
    return history
  }()

  @Test(
    "the term of each batch, and where its run begins",
    arguments: [(1, 1, 1), (2, 1, 1), (3, 4, 3), (5, 4, 3), (6, 7, 6), (9, 7, 6)])
  func terms(index: UInt64, term: UInt64, start: UInt64) {
    #expect(history.term(at: LogIndex(index)) == Term(term))
    #expect(history.start(ofRunHolding: LogIndex(index)) == LogIndex(start))
  }

  @Test("nothing is known of before the first run")
  func before() {
    #expect(history.term(at: LogIndex(0)) == nil)
    #expect(TermHistory().term(at: LogIndex(5)) == nil)
  }

  @Test("cut from the back and from the front")
  func cuts() {
    var cut = history
    cut.truncate(from: LogIndex(4))
    #expect(cut.runs.map(\.term) == [Term(1), Term(4)])
    cut.truncate(from: LogIndex(3))
    #expect(cut.runs.map(\.term) == [Term(1)])
    cut = history
    cut.remove(before: LogIndex(5))
    #expect(cut.runs.map(\.term) == [Term(4), Term(7)])
    #expect(cut.term(at: LogIndex(5)) == Term(4))
  }

  @Test("the oldest are forgotten when there are too many")
  func bound() {
    var many = TermHistory()
    for number in 1...UInt64(TermHistory.maximumRuns + 10) { many.append(Term(number), at: LogIndex(number)) }
    #expect(many.runs.count == TermHistory.maximumRuns)
    #expect(many.term(at: LogIndex(10)) == nil)
    #expect(many.term(at: LogIndex(11)) == Term(11))
  }

  @Test("runs that do not grow are no history")
  func order() {
    let run = TermHistory.Run(term: Term(2), start: LogIndex(5))
    #expect(TermHistory(runs: [run, run]) == nil)
    #expect(TermHistory(runs: [run, TermHistory.Run(term: Term(3), start: LogIndex(5))]) == nil)
    #expect(TermHistory(runs: [run, TermHistory.Run(term: Term(3), start: LogIndex(6))]) != nil)
  }
}
