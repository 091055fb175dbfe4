import CommitLog
import NIOCore
import Testing

@testable import Raft

@Suite("Raft: values")
struct ValueTests {
  private var configuration: Configuration {
    Configuration(
      clusterID: "cluster-1",
      members: [
        Member(peer: TestCluster.peer("b", life: 7), address: "b:8400", role: .learner),
        Member(peer: TestCluster.peer("a", life: .max), address: "", role: .voter),
      ])
  }

  @Test("a configuration is decoded as it was encoded; cut anywhere, or with a byte more, it is none")
  func coding() {
    let bytes = configuration.encoded()
    #expect(Configuration(decoding: bytes) == configuration)
    for length in 0..<bytes.readableBytes {
      #expect(Configuration(decoding: bytes.getSlice(at: bytes.readerIndex, length: length) ?? ByteBuffer()) == nil)
    }
    var longer = bytes
    longer.writeInteger(UInt8(0))
    #expect(Configuration(decoding: longer) == nil)
  }

  @Test("a configuration of another version, with a role or text that is none, is none")
  func damaged() {
    let bytes = configuration.encoded()
    var otherVersion = bytes
    otherVersion.setInteger(UInt8(2), at: bytes.readerIndex)
    var badText = bytes
    badText.setInteger(UInt8(0xFF), at: bytes.readerIndex + 3)
    // The role of the first member: after version, cluster, count, name and incarnation.
    var badRole = bytes
    badRole.setInteger(UInt8(9), at: bytes.readerIndex + 1 + 2 + 9 + 2 + 2 + 1 + 16)
    for damaged in [otherVersion, badText, badRole] { #expect(Configuration(decoding: damaged) == nil) }
  }

  @Test(
    "a quorum is more than half of the voters, and none without voters",
    arguments: [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
  func quorum(voters: Int, quorum: Int) {
    let members = (0..<voters).map {
      Member(peer: TestCluster.peer("n\($0)"), address: "", role: .voter)
    }
    let configuration = Configuration(clusterID: "", members: members)
    #expect(configuration.quorum == quorum)
    #expect(configuration.hasQuorum { _ in true } == (voters > 0))
  }

  @Test("a history of configurations goes back as far as what is not flushed")
  func history() {
    func entry(_ index: UInt64) -> ConfigurationHistory.Entry {
      .init(index: LogIndex(index), configuration: Configuration(clusterID: "\(index)"))
    }
    var history = ConfigurationHistory([entry(1), entry(5), entry(6), entry(8)])
    history.forget(before: LogIndex(6))
    let cuts = [9, 6].map { history.truncate(from: LogIndex($0)) }
    #expect(cuts == [false, true])
    #expect(history.newest == entry(5))
    #expect(history.previous == nil)
    _ = history.truncate(from: LogIndex(5))
    #expect(history.newest == nil)
  }

  @Test("the term of each index, over appends and cuts at both ends")
  func termHistory() {
    var terms = TermHistory()
    for (index, term) in zip(1..., [1, 1, 3, 3, 3, 4] as [UInt64]) {
      terms.append(Term(term), at: LogIndex(UInt64(index)))
    }
    #expect((0...7).map { terms.term(at: LogIndex($0))?.rawValue } == [nil, 1, 1, 3, 3, 3, 4, 4])
    #expect((1...6).map { terms.start(ofRunHolding: LogIndex($0))?.rawValue } == [1, 1, 3, 3, 3, 6])
    terms.truncate(from: LogIndex(5))
    #expect(terms.runs.last == .init(term: Term(3), start: LogIndex(3)))
    terms.remove(before: LogIndex(4))
    #expect(terms.runs == [.init(term: Term(3), start: LogIndex(3))])
    #expect(
      TermHistory(runs: [.init(term: Term(2), start: LogIndex(2)), .init(term: Term(2), start: LogIndex(3))]) == nil)
  }

  private func view(_ terms: [UInt64], start: UInt64 = 1, startTerm: UInt64 = 0) -> LogView {
    let start = LogEnd(nextIndex: LogIndex(start), nextOffset: Offset(0), lastTerm: Term(startTerm))
    var view = LogView(start: start, end: start, terms: TermHistory())
    for (place, term) in terms.enumerated() {
      view.append([.entry(start.nextIndex.rawValue + UInt64(place), term: term)])
    }
    return view
  }

  @Test("a log knows the terms from the entry before its start to its end")
  func logTerms() {
    let view = view([3, 3, 5], start: 10, startTerm: 2)
    #expect((8...13).map { view.term(at: LogIndex($0))?.rawValue } == [nil, 2, 3, 3, 5, nil])
    #expect(view.contains(.at(12, 5)) && !view.contains(.at(12, 3)) && !view.contains(.at(13, 5)))
  }

  @Test(
    "the last place where a log can match another is where its term is no later",
    arguments: [(6, 1, 3), (6, 2, 3), (6, 4, 5), (6, 9, 6), (2, 1, 2), (9, 4, 5), (3, 0, 0)]
      as [(UInt64, UInt64, UInt64)])
  func possibleMatch(index: UInt64, term: UInt64, match: UInt64) {
    #expect(view([1, 1, 1, 4, 4, 6]).lastPossibleMatch(at: LogIndex(index), term: Term(term)).index == LogIndex(match))
  }

  @Test("what is not on disk is in memory, as many batches as fit and one at least")
  func unstable() {
    var view = view([1, 1, 1, 1])
    let size = RecordBatch.entry(1, term: 1).byteCount
    #expect(view.unstable(from: LogIndex(2), maximumBytes: size * 2)?.map(\.index.rawValue) == [2, 3])
    #expect(view.unstable(from: LogIndex(4), maximumBytes: 1)?.count == 1)
    #expect(view.unstable(from: LogIndex(5), maximumBytes: 1) == nil)
    view.flushed(through: LogIndex(2))
    #expect(view.unstable(from: LogIndex(2), maximumBytes: size) == nil)
    #expect(view.unstableBytes == size * 2)
    view.truncate(from: LogIndex(4), nextOffset: Offset(0))
    #expect(view.unstableBytes == size)
    view.reset(to: view.end)
    #expect(view.unstableBytes == 0 && view.isEmpty)
  }

  @Test("a write that was cut off meanwhile says nothing of what came in its place")
  func durability() {
    var durability = Durability(flushedThrough: LogIndex(1), hardState: HardState())
    let old = durability.beginAppend(through: LogIndex(5))
    let cut = durability.beginTruncation(from: LogIndex(3))
    let new = durability.beginAppend(through: LogIndex(4))
    durability.complete(old, lastIndex: LogIndex(4))
    #expect(durability.flushed.index == LogIndex(2))
    durability.complete(cut, lastIndex: LogIndex(4))
    #expect(durability.flushed.index == LogIndex(2))
    durability.complete(new, lastIndex: LogIndex(4))
    durability.complete(old, lastIndex: LogIndex(4))
    #expect(durability.flushed.index == LogIndex(4))
  }

  @Test("a vote is durable when its write is done, and a void write is not")
  func durableVote() {
    var durability = Durability(flushedThrough: LogIndex(1), hardState: HardState())
    let state = HardState(term: Term(2), vote: TestCluster.peer("a"))
    let void = durability.beginSave(state)
    _ = durability.refuse(endingAt: LogIndex(1))
    durability.complete(void, lastIndex: LogIndex(1))
    #expect(durability.vote == nil)
    durability.complete(durability.beginSave(state), lastIndex: LogIndex(1))
    #expect(durability.vote?.vote == TestCluster.peer("a"))
  }

  @Test("reads share rounds: those that come during one wait for the next")
  func pendingReads() {
    var reads = PendingReads()
    reads.add(.shell(RequestID(1)))
    reads.begin(round: 4, index: LogIndex(7))
    reads.add(.shell(RequestID(2)))
    let early = reads.takeConfirmed(by: 3)
    let confirmed = reads.takeConfirmed(by: 5)
    #expect(early == [])
    #expect(confirmed == [PendingRead(asker: .shell(RequestID(1)), index: LogIndex(7))])
    #expect(reads.count == 1 && !reads.isConfirming && reads.waiting == [.shell(RequestID(2))])
  }

  @Test("a follower is probed with one message, then sent as much as its bound allows")
  func progress() {
    var settings = Settings()
    let now = Instant(nanoseconds: 1)
    let batches: [RecordBatch] = [.entry(2, term: 1), .entry(3, term: 1)]
    let bytes = batches[0].byteCount
    settings.maximumInflightBytes = bytes * 2
    var progress = Progress(peer: TestCluster.peer("b"), next: LogIndex(2))
    let request = AppendRequest(term: Term(1), previous: .at(1, 1), commitIndex: LogIndex(0), batches: batches)
    #expect(progress.allowance(settings) == settings.maximumMessageBytes)
    progress.sent(request, at: now, settings)
    #expect(progress.allowance(settings) == nil)
    func accept(_ matched: UInt64, _ flushed: UInt64) {
      progress.accepted(
        matched: LogIndex(matched), flushed: FlushedIndex(received: LogIndex(flushed)), lastIndex: LogIndex(9), at: now,
        settings)
    }
    accept(1, 1)
    #expect(progress.mode == .replicate && progress.next == LogIndex(2))
    progress.sent(request, at: now, settings)
    #expect(progress.allowance(settings) == nil && progress.inflightBytes == bytes * 2)
    // Received, and not on its disk.
    accept(3, 1)
    #expect(progress.inflightBytes == bytes * 2)
    // Perhaps lost: the question goes from what is known, and what has arrived still counts.
    progress.probe()
    #expect(progress.next == LogIndex(2))
    accept(3, 1)
    #expect(progress.next == LogIndex(4) && progress.inflightBytes == bytes * 2)
    accept(3, 3)
    #expect(progress.inflightBytes == 0 && progress.lossAt == nil)
    // Stale, and more than there is.
    let isNews = progress.rejected(previous: LogIndex(2), possibleMatch: LogIndex(1))
    #expect(!isNews)
    accept(99, 99)
    #expect(progress.match == LogIndex(3))
  }
}
