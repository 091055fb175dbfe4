import CommitLog
import NIOCore
import Raft

/// The plainest storage that keeps the promises of a log: arrays.
struct MemoryStorage: ReplicaStorage {
  private(set) var start = LogEnd(nextIndex: LogIndex(1), nextOffset: Offset(0), lastTerm: Term(0))
  private var batches: [RecordBatch] = []
  private(set) var hardState = HardState()
  private var configurationAtStart: ConfigurationHistory.Entry?
  private(set) var producersAtStart = ProducerTable()

  init() {}

  /// - Parameter first: what every member begins with when the cluster is not bootstrapped.
  init(first: RecordBatch) {
    batches = [first]
    hardState = HardState(term: first.term)
  }

  var end: LogEnd {
    batches.last.map {
      LogEnd(nextIndex: $0.index.advanced(by: 1), nextOffset: $0.nextOffset, lastTerm: $0.term)
    } ?? start
  }

  var restored: RaftCore.Restored {
    var terms = TermHistory()
    var configurations = [configurationAtStart].compactMap(\.self)
    for batch in batches {
      terms.append(batch.term, at: batch.index)
      if let entry = batch.configurationEntry { configurations.append(entry) }
    }
    return RaftCore.Restored(
      hardState: hardState, start: start, end: end, terms: terms,
      configurations: ConfigurationHistory(configurations))
  }

  /// nil outside of the log.
  private func position(of index: LogIndex) -> Int? {
    guard index >= start.nextIndex, index < end.nextIndex else { return nil }
    return Int(index.rawValue - start.nextIndex.rawValue)
  }

  func term(at index: LogIndex) -> Term? {
    if index.rawValue + 1 == start.nextIndex.rawValue { return start.lastTerm }
    return position(of: index).map { batches[$0].term }
  }

  func read(from index: LogIndex, maximumBytes: Int) -> [RecordBatch] {
    guard let first = position(of: index) else { return [] }
    var bytes = 0
    var end = first
    while end < batches.count {
      bytes += batches[end].byteCount
      if end > first, bytes > maximumBytes { break }
      end += 1
    }
    return Array(batches[first..<end])
  }

  func read(fromOffset offset: Offset, count: Int) -> [RecordBatch]? {
    guard offset >= start.nextOffset else { return nil }
    var low = 0
    var high = batches.count
    while low < high {
      let middle = (low + high) / 2
      if batches[middle].nextOffset <= offset { low = middle + 1 } else { high = middle }
    }
    return Array(batches[low...].prefix(count))
  }

  func snapshot() -> Snapshot? {
    guard let configurationAtStart else { return nil }
    var state = ByteBuffer()
    producersAtStart.encode(into: &state)
    return Snapshot(start: start, configuration: configurationAtStart, state: state)
  }

  // MARK: Changes

  mutating func carryOut(_ write: StorageWrite) {
    switch write {
    case .append(let new, _): append(new)
    case .truncate(let index, _):
      guard let position = position(of: index) else { return }
      batches.removeSubrange(position...)
    case .reset(let snapshot, _):
      start = snapshot.start
      configurationAtStart = snapshot.configuration
      var state = snapshot.state
      producersAtStart = ProducerTable(from: &state) ?? ProducerTable()
      batches.removeAll()
    case .save(let state, _): hardState = state
    }
  }

  private mutating func append(_ new: [RecordBatch]) {
    for batch in new {
      precondition(
        batch.index == end.nextIndex && batch.baseOffset == end.nextOffset,
        "batch \(batch.index) at \(batch.baseOffset) is appended to \(end)")
      batches.append(batch)
    }
  }

  mutating func crash(during writes: [StorageWrite], keeping seed: UInt64) -> (whole: Int, hasPart: Bool) {
    var dice = Dice(seed: seed)
    let whole = dice.below(writes.count + 1)
    for write in writes.prefix(whole) { carryOut(write) }
    guard whole < writes.count, case .append(let batches, let id) = writes[whole], batches.count > 1 else {
      return (whole, false)
    }
    let kept = dice.below(batches.count)
    carryOut(.append(Array(batches.prefix(kept)), id))
    return (whole, kept > 0)
  }

  mutating func removeEntries(before index: LogIndex) {
    guard index > start.nextIndex, index <= end.nextIndex else { return }
    let count = Int(index.rawValue - start.nextIndex.rawValue)
    for batch in batches.prefix(count) {
      producersAtStart.apply(batch)
      if let entry = batch.configurationEntry { configurationAtStart = entry }
      start = LogEnd(nextIndex: batch.index.advanced(by: 1), nextOffset: batch.nextOffset, lastTerm: batch.term)
    }
    batches.removeFirst(count)
  }
}

extension RecordBatch {
  /// nil for batches of another kind.
  var configurationEntry: ConfigurationHistory.Entry? {
    guard kind == .configuration, let configuration = Configuration(decoding: payload) else { return nil }
    return ConfigurationHistory.Entry(index: index, configuration: configuration)
  }
}
