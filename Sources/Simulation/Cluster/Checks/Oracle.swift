import CommitLog
import Raft

/// Sees everything that every node does, and says when two of them contradict each other. Each look costs as much as changed.
struct Oracle {
  /// An entry that some leader committed: from then on it is what it is, everywhere.
  struct Committed {
    var term: UInt64
    var chain: UInt64
    var baseOffset: UInt64
    var count: UInt32
    var bodyChecksum: UInt32
    /// Of the leader that committed it.
    var committedIn: UInt64
  }

  private struct VoteKey: Hashable {
    var peer: Peer
    var term: UInt64
  }

  private struct EntryKey: Hashable {
    var index: UInt64
    var term: UInt64
  }

  /// Index 1 first.
  private(set) var committed: [Committed] = []
  private(set) var configuration: ConfigurationHistory.Entry?
  /// The highest index of any configuration that was ever in a log.
  private(set) var highestConfiguration: UInt64 = 0
  private var leaders: [UInt64: Peer] = [:]
  private var votes: [VoteKey: Peer] = [:]
  /// The first (term, chain) that was seen at each index, and the others.
  private var chains: [(term: UInt64, chain: UInt64)] = []
  private var otherChains: [EntryKey: UInt64] = [:]
  private var producers: [UInt64: (epoch: UInt16, nextSequence: UInt64)] = [:]

  var committedIndex: UInt64 { UInt64(committed.count) }
  var highestTerm: UInt64 { leaders.keys.max() ?? 0 }

  func chain(at index: UInt64) -> UInt64? {
    index == 0 ? EntryHash.beforeFirst : entry(at: index)?.chain
  }

  func entry(at index: UInt64) -> Committed? {
    index >= 1 && index <= committedIndex ? committed[Int(index - 1)] : nil
  }

  /// The committed entry that holds that record.
  func index(holding offset: UInt64) -> UInt64? {
    var low = 0
    var high = committed.count
    while low < high {
      let middle = (low + high) / 2
      if committed[middle].baseOffset + UInt64(committed[middle].count) <= offset {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low < committed.count ? UInt64(low + 1) : nil
  }

  // MARK: Logs

  /// Log Matching: an entry with that index and term is the same in all logs, and all before it (paper §5.3).
  mutating func appended(_ entry: LogMirror.Entry, by peer: Peer) throws(Violation) {
    let index = entry.batch.index.rawValue
    if entry.batch.kind == .configuration { highestConfiguration = max(highestConfiguration, index) }
    while chains.count < index { chains.append((0, 0)) }
    let position = Int(index - 1)
    let known: UInt64
    switch chains[position].term {
    case 0:
      chains[position] = (entry.term, entry.chain)
      return
    case entry.term: known = chains[position].chain
    default:
      let key = EntryKey(index: index, term: entry.term)
      guard let other = otherChains[key] else {
        otherChains[key] = entry.chain
        return
      }
      known = other
    }
    guard known == entry.chain else {
      throw Violation(.logMatching, "\(peer) has another entry \(index)@\(entry.term), or others before it")
    }
  }

  /// What is committed stays in every log that has it.
  func removed(_ entries: ArraySlice<LogMirror.Entry>, by peer: Peer) throws(Violation) {
    for entry in entries {
      let index = entry.batch.index.rawValue
      guard let committed = self.entry(at: index) else { return }
      guard committed.chain != entry.chain else {
        throw Violation(.committedKept, "\(peer) cuts off \(index)@\(entry.term), which is committed")
      }
    }
  }

  /// A cluster that was begun and lost before anything was on a disk is begun anew.
  mutating func forgetLogs() {
    precondition(committed.isEmpty, "logs are forgotten that have committed entries")
    chains.removeAll()
    otherChains.removeAll()
  }

  // MARK: Elections

  /// A vote came to a disk.
  mutating func voted(_ state: HardState, by peer: Peer) throws(Violation) {
    guard let vote = state.vote else { return }
    let key = VoteKey(peer: peer, term: state.term.rawValue)
    if let earlier = votes[key], earlier != vote {
      throw Violation(.oneVote, "\(peer) votes for \(earlier) and \(vote) in term \(state.term)")
    }
    votes[key] = vote
  }

  mutating func elected(
    _ peer: Peer, term: UInt64, _ configuration: Configuration?, _ log: LogMirror
  ) throws(Violation) {
    if let other = leaders[term], other != peer {
      throw Violation(.electionSafety, "\(other) and \(peer) lead in term \(term)")
    }
    leaders[term] = peer
    if let configuration {
      let given = configuration.voters.filter { votes[VoteKey(peer: $0, term: term)] == peer }
      guard given.count >= configuration.quorum else {
        throw Violation(
          .electionSafety,
          "\(peer) leads in term \(term) with the durable votes of \(given) among \(configuration.voters)")
      }
    }
    // What was committed in earlier terms; a leader of a later one may be ahead already.
    var last = committed.count
    while last > 0, committed[last - 1].committedIn >= term { last -= 1 }
    guard last == 0 || log.firstIndex > last || log.chain(at: UInt64(last)) == committed[last - 1].chain else {
      throw Violation(
        .leaderCompleteness,
        "\(peer) leads in term \(term) without entry \(last)@\(committed[last - 1].term), committed in term "
          + "\(committed[last - 1].committedIn)")
    }
  }

  // MARK: Commits

  /// - Parameter leadsIn: the term of a node that commits as leader; nil for others, who only follow.
  mutating func commits(_ entry: LogMirror.Entry, by peer: Peer, leadsIn term: UInt64?) throws(Violation) {
    let index = entry.batch.index.rawValue
    if let known = self.entry(at: index) {
      guard known.chain == entry.chain else {
        throw Violation(
          .stateMachineSafety, "\(peer) commits \(index)@\(entry.term), committed is \(index)@\(known.term)")
      }
      return
    }
    guard let term, index == committedIndex + 1 else {
      throw Violation(
        .stateMachineSafety, "\(peer) commits \(index)@\(entry.term), leaders committed up to \(committedIndex)")
    }
    let batch = entry.batch
    let nextOffset = committed.last.map { $0.baseOffset + UInt64($0.count) } ?? 0
    guard batch.baseOffset.rawValue == nextOffset else {
      throw Violation(.denseOffsets, "entry \(index) has offset \(batch.baseOffset), the next is \(nextOffset)")
    }
    committed.append(
      Committed(
        term: entry.term, chain: entry.chain, baseOffset: nextOffset, count: batch.count,
        bodyChecksum: batch.bodyChecksum, committedIn: term))
    if let entry = batch.configurationEntry { configuration = entry }
    try countProducer(of: batch)
  }

  private mutating func countProducer(of batch: RecordBatch) throws(Violation) {
    let producer = batch.producer
    guard producer.id != 0 else { return }
    var expected = producers[producer.id] ?? (producer.epoch, 0)
    if producer.epoch > expected.epoch { expected = (producer.epoch, 0) }
    guard producer.epoch == expected.epoch, producer.sequence == expected.nextSequence else {
      throw Violation(
        .exactlyOnce,
        "entry \(batch.index) has sequence \(producer.sequence) of producer \(producer.id)/\(producer.epoch), the next is "
          + "\(expected.nextSequence) of epoch \(expected.epoch)")
    }
    producers[producer.id] = (producer.epoch, producer.sequence + UInt64(batch.count))
  }

  // MARK: What clients see

  func acknowledged(offset: UInt64, bodyChecksum: UInt32) throws(Violation) {
    guard let index = index(holding: offset), let entry = entry(at: index), entry.baseOffset == offset,
      entry.bodyChecksum == bodyChecksum
    else {
      throw Violation(.acknowledged, "acknowledged at offset \(offset), where something else is committed or nothing")
    }
  }

  func read(_ batch: RecordBatch, at peer: Peer) throws(Violation) {
    guard let entry = entry(at: batch.index.rawValue), entry.term == batch.term.rawValue,
      entry.baseOffset == batch.baseOffset.rawValue, entry.bodyChecksum == batch.bodyChecksum
    else {
      throw Violation(.stateMachineSafety, "\(peer) gives entry \(batch.index)@\(batch.term) to a reader")
    }
  }
}
