/// At which index each term of a log begins, by which the term of any batch is known without reading it.
///
/// Terms change with elections and not with batches, so this stays small. Part of what follows from the batches of a log.
package struct TermHistory: Hashable, Sendable {
  package struct Run: Hashable, Sendable {
    package var term: Term
    /// Index of the first batch of that term.
    package var start: LogIndex

    package init(term: Term, start: LogIndex) {
      self.term = term
      self.start = start
    }
  }

  /// Runs kept, 256 KiB of memory: the oldest are forgotten. A log of more elections than this has members that cannot
  /// stay connected; a replica that lags so far is caught up by a snapshot.
  package static let maximumRuns = 16_384

  /// Terms and starts grow.
  package private(set) var runs: [Run] = []

  package init() {}

  /// nil when the runs do not grow in term and start.
  package init?(runs: [Run]) {
    guard runs.count <= Self.maximumRuns,
      zip(runs, runs.dropFirst()).allSatisfy({ $0.term < $1.term && $0.start < $1.start })
    else { return nil }
    self.runs = runs
  }

  /// The term of the batch with that index; nil when it is of before the first run. The caller knows where the log ends.
  package func term(at index: LogIndex) -> Term? {
    // Nearly always the newest.
    if let last = runs.last, last.start <= index { return last.term }
    return run(holding: index).map { runs[$0].term }
  }

  /// The first index of the run that holds `index`.
  package func start(ofRunHolding index: LogIndex) -> LogIndex? {
    run(holding: index).map { runs[$0].start }
  }

  private func run(holding index: LogIndex) -> Int? {
    var low = 0
    var high = runs.count
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].start <= index { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : low - 1
  }

  package mutating func append(_ term: Term, at index: LogIndex) {
    if let last = runs.last {
      precondition(last.term <= term && last.start < index, "term \(term) at \(index) after \(last)")
      guard last.term < term else { return }
      if runs.count == Self.maximumRuns { runs.removeFirst() }
    }
    runs.append(Run(term: term, start: index))
  }

  /// Forgets everything from `index` on.
  package mutating func truncate(from index: LogIndex) {
    while let last = runs.last, last.start >= index { runs.removeLast() }
  }

  /// Forgets runs that end before `index`.
  package mutating func remove(before index: LogIndex) {
    let first = runs.lastIndex { $0.start <= index } ?? 0
    runs.removeFirst(first)
  }
}
