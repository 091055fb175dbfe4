import Testing

@testable import ProgLogClient

/// A producer's queue, driven by hand.
@Suite("What a producer has to send")
struct ProducerQueueTests {
  private let now = ContinuousClock.now
  private let identity = ProducerIdentity(id: 7, epoch: 0)

  /// A record is charged 65 bytes: a batch takes two.
  private var configuration: ProducerConfiguration {
    var configuration = ProducerConfiguration()
    configuration.batchBytes = 130
    configuration.bufferBytes = 1_000
    configuration.deliveryTimeout = .seconds(10)
    return configuration
  }

  private func queue(_ change: (inout ProducerConfiguration) -> Void = { _ in }, records: Int = 0) -> ProducerQueue {
    var configuration = self.configuration
    change(&configuration)
    var queue = ProducerQueue(configuration, identity: self.identity)
    for number in 0..<records { _ = queue.add([UInt8(number)], at: self.now) }
    return queue
  }

  /// What is sent now: epoch, sequence and values of each batch.
  private func sent(_ queue: inout ProducerQueue, at now: ContinuousClock.Instant? = nil) -> [String] {
    var sent: [String] = []
    while case .send(let batch, let identity) = queue.next(at: now ?? self.now) {
      let values = batch.values.flatMap { $0 }.map(String.init).joined(separator: ",")
      sent.append("\(identity.epoch)/\(batch.sequence.map(String.init) ?? "-"):\(values)")
    }
    return sent
  }

  private func failure(_ kind: CallFailure.Kind, doubt: Bool = false, reason: LogReason? = nil) -> CallFailure {
    CallFailure(
      kind: kind,
      error: .server(.init(code: "X", message: "no", reason: reason?.rawValue, metadata: [:])), leavesDoubt: doubt)
  }

  private func results(_ completions: [ProducerQueue.Completion]) -> [String] {
    completions.map { completion in
      switch completion.result {
      case .success(let offset): "\(completion.batch):\(offset)"
      case .failure(.outcomeUnknown(let records, _)): "\(completion.batch):doubt of \(records)"
      case .failure(.producerFailed(let failure)):
        "\(completion.batch):\(failure.reason) \(failure.recordsInDoubt)+\(failure.recordsNotSent)"
      case .failure(.server): "\(completion.batch):refused"
      case .failure(.deadlineExceeded): "\(completion.batch):late"
      case .failure(let error): "\(completion.batch):\(error)"
      }
    }
  }

  @Test("records go in batches of so many bytes, five of them on their way, numbered from 0 without gaps")
  func batches() {
    var queue = self.queue(records: 13)
    #expect(self.sent(&queue) == ["0/0:0,1", "0/2:2,3", "0/4:4,5", "0/6:6,7", "0/8:8,9"])
    #expect(queue.next(at: self.now) == .wait(until: nil))
    #expect(queue.acknowledge(offset: 100).map { self.results([$0]) } == ["0:100"])
    #expect(self.sent(&queue) == ["0/10:10,11"])
    _ = queue.acknowledge(offset: 102)
    #expect(self.sent(&queue) == ["0/12:12"])
    for _ in 0..<5 { _ = queue.acknowledge(offset: 0) }
    #expect(queue.bufferedBytes == 0 && !queue.hasWork)
    #expect(queue.acknowledge(offset: 0) == nil)
  }

  @Test("a large record goes alone, and so many records make a batch however small they are")
  func limits() {
    var queue = self.queue {
      ($0.batchRecords, $0.batchBytes, $0.bufferBytes) = (3, 1 << 20, 1 << 30)
    }
    for number in 0..<4 { _ = queue.add([UInt8(number)], at: self.now) }
    _ = queue.add([UInt8](repeating: 9, count: 1 << 20), at: self.now)
    var counts: [Int] = []
    while case .send(let batch, _) = queue.next(at: self.now) { counts.append(batch.values.count) }
    #expect(counts == [3, 1, 1])
  }

  @Test("a batch waits for more records for as long as it may linger, unless it is full or flushed")
  func linger() {
    var queue = self.queue { $0.linger = .seconds(1) }
    #expect(queue.add([1], at: self.now).wakes)
    #expect(queue.next(at: self.now) == .wait(until: self.now + .seconds(1)))
    #expect(queue.add([2], at: self.now).wakes)
    #expect(self.sent(&queue) == ["0/0:1,2"])
    _ = queue.add([3], at: self.now)
    #expect(self.sent(&queue, at: self.now + .seconds(1)) == ["0/2:3"])
    _ = queue.add([4], at: self.now)
    #expect(queue.flush() == 2)
    #expect(self.sent(&queue) == ["0/3:4"])
    _ = queue.add([5], at: self.now)
    #expect(queue.next(at: self.now) == .wait(until: self.now + .seconds(1)))
    queue.close()
    #expect(self.sent(&queue) == ["0/4:5"])
    for _ in 0..<4 { _ = queue.acknowledge(offset: 0) }
    #expect(queue.next(at: self.now) == .end)
  }

  @Test("the buffer takes so many bytes, and one record at least")
  func room() {
    var queue = self.queue { $0.bufferBytes = 130 }
    #expect(queue.hasRoom(for: 5_000))
    _ = queue.add([1], at: self.now)
    #expect(queue.hasRoom(for: 1) && !queue.hasRoom(for: 2))
    _ = queue.add([2], at: self.now)
    #expect(!queue.hasRoom(for: 0))
  }

  @Test(
    "what has no answer is sent again under the same numbers",
    arguments: [
      (CallFailure.Kind.away, true), (.silent, true), (.notLeader(hint: nil), false), (.busy, false), (.final, true),
    ])
  func resends(kind: CallFailure.Kind, doubt: Bool) {
    var queue = self.queue(records: 6)
    _ = self.sent(&queue)
    _ = queue.acknowledge(offset: 0)
    let (after, completions) = queue.streamEnded(self.failure(kind, doubt: doubt))
    #expect(after == .goOn(afterPause: true) && completions.isEmpty)
    #expect(self.sent(&queue) == ["0/2:2,3", "0/4:4,5"])
  }

  @Test("a batch that is refused fails alone; those behind it take its number")
  func refusal() {
    var queue = self.queue(records: 6)
    _ = self.sent(&queue)
    let (after, completions) = queue.streamEnded(self.failure(.final))
    #expect(after == .goOn(afterPause: false))
    #expect(self.results(completions) == ["0:refused"])
    #expect(self.sent(&queue) == ["0/0:2,3", "0/2:4,5"])
  }

  @Test("a refusal before anything was sent is the oldest batch's, too")
  func refusalAtOnce() {
    var queue = self.queue(records: 4)
    let (_, completions) = queue.streamEnded(self.failure(.final))
    #expect(self.results(completions) == ["0:refused"])
    #expect(self.sent(&queue) == ["0/0:2,3"])
  }

  @Test("a producer that was forgotten while all was acknowledged begins a new numbering")
  func forgotten() {
    var queue = self.queue(records: 4)
    _ = self.sent(&queue)
    _ = queue.acknowledge(offset: 0)
    let (after, completions) = queue.streamEnded(self.failure(.sequenceGap))
    #expect(after == .goOn(afterPause: false) && completions.isEmpty)
    #expect(self.sent(&queue) == ["1/0:2,3"])
    #expect(ProducerIdentity(id: 7, epoch: .max).next.epoch == 0)
  }

  @Test(
    "when the numbering is lost the producer ends, and tells what is in doubt from what was not sent",
    arguments: [
      (CallFailure.Kind.sequenceGap, nil, "sequenceLost"), (.final, .producerFenced, "fenced"),
      (.final, .sequenceTooOld, "sequenceLost"), (.final, nil, "sequenceLost"),
    ] as [(CallFailure.Kind, LogReason?, String)])
  func fatal(kind: CallFailure.Kind, reason: LogReason?, what: String) {
    var queue = self.queue(records: 4)
    _ = self.sent(&queue)
    // What became of these is not known.
    _ = queue.streamEnded(self.failure(.away, doubt: true))
    for number in 4..<7 { _ = queue.add([UInt8(number)], at: self.now) }
    _ = queue.next(at: self.now)
    let (after, completions) = queue.streamEnded(self.failure(kind, reason: reason))
    #expect(after == .failed)
    #expect(
      self.results(completions)
        == ["0:doubt of 4", "1:doubt of 4", "2:\(what) 4+3", "3:\(what) 4+3"])
    #expect(queue.failure != nil && queue.bufferedBytes == 0)
    #expect(queue.next(at: self.now) == .end)
  }

  @Test("what could not be sent in its time fails by itself; what may have been appended ends the producer")
  func expiry() {
    var queue = self.queue(records: 2)
    _ = queue.add([8], at: self.now + .seconds(5))
    #expect(queue.deadline == self.now + .seconds(10))
    #expect(queue.expire(at: self.now + .seconds(9)).isEmpty)
    #expect(self.results(queue.expire(at: self.now + .seconds(10))) == ["0:late"])
    #expect(self.sent(&queue, at: self.now + .seconds(5)) == ["0/0:8"])
    _ = queue.streamEnded(self.failure(.away, doubt: true))
    _ = queue.add([9], at: self.now + .seconds(20))
    #expect(self.results(queue.expire(at: self.now + .seconds(15))) == ["1:doubt of 1", "2:timedOut 1+1"])
  }

  @Test("a stream that the server ends in good order leaves what it has not answered in doubt")
  func endedEarly() {
    var queue = self.queue(records: 2)
    _ = self.sent(&queue)
    #expect(queue.streamEnded(nil).0 == .goOn(afterPause: true))
    #expect(self.results(queue.abort()) == ["0:doubt of 2"])
    var idle = self.queue()
    #expect(idle.streamEnded(nil).0 == .goOn(afterPause: false))
  }
}
