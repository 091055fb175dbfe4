/// What a producer has yet to send, and what it waits for the answers of: batches, their numbers, and what becomes of them
/// when a stream ends. A value without clock and I/O.
///
/// Batches go to the leader over one stream in their order, with at most five between the oldest that is not acknowledged and
/// the newest, which is what servers remember of a producer. A stream that ends is followed by another one, which begins with
/// the oldest batch again.
struct ProducerQueue: Sendable {
  typealias Instant = ContinuousClock.Instant
  /// Names a batch, in the order in which they were begun.
  typealias BatchID = UInt64

  /// As many as servers remember of a producer (docs/api.md).
  static let maximumInFlight = 5
  /// Charged for each record besides its value, so that empty ones are bounded too: what an array of bytes takes.
  static let recordOverheadBytes = 64

  struct Batch: Sendable, Hashable {
    let id: BatchID
    var values: [[UInt8]] = []
    /// Of the values, with what is charged for each.
    var bytes = 0
    /// When the oldest record came.
    let began: Instant
    /// Of its first record; `nil`: not sent yet.
    var sequence: UInt64?
    /// It was sent over a stream that has ended, and not answered.
    var isInDoubt = false
  }

  /// What becomes of a batch.
  struct Completion: Sendable, Hashable {
    let batch: BatchID
    let bytes: Int
    /// The offset of its first record.
    let result: Result<UInt64, ProgLogError>
  }

  enum Next: Sendable, Hashable {
    /// It is taken to be sent by that.
    case send(Batch, by: ProducerIdentity)
    /// Nothing is to be sent, or nothing may be before an answer; at that time more may be.
    case wait(until: Instant?)
    /// Nothing will ever be sent.
    case end
  }

  enum AfterStream: Sendable, Hashable {
    /// Another stream is to be begun; at once, or after a pause.
    case goOn(afterPause: Bool)
    /// The producer has ended.
    case failed
  }

  private let configuration: ProducerConfiguration
  private(set) var identity: ProducerIdentity
  private var nextID: BatchID = 0
  private var nextSequence: UInt64 = 0
  /// Being filled.
  private var open: Batch?
  /// To be sent, in order; those that were sent before, first.
  private var waiting: ArraySlice<Batch> = []
  /// Sent over the present stream, in order.
  private var inFlight: ArraySlice<Batch> = []
  private(set) var bufferedBytes = 0
  /// The open batch does not wait for more.
  private var isFlushing = false
  private(set) var isClosing = false
  /// What the producer ended with.
  private(set) var failure: ProgLogError?
  /// What the last attempt failed with.
  private var lastError: ProgLogError?

  init(_ configuration: ProducerConfiguration, identity: ProducerIdentity = ProducerIdentity()) {
    self.configuration = configuration
    self.identity = identity
  }

  // MARK: Taking records

  func hasRoom(for bytes: Int) -> Bool {
    self.bufferedBytes == 0 || self.bufferedBytes + bytes + Self.recordOverheadBytes <= self.configuration.bufferBytes
  }

  /// Takes a record in.
  ///
  /// - Returns: its place, and whether there is something to do now for whoever sends.
  mutating func add(_ value: [UInt8], at now: Instant) -> (batch: BatchID, index: Int, wakes: Bool) {
    if let open, open.bytes + value.count > self.configuration.batchBytes { self.closeBatch() }
    var batch = self.open ?? self.beginBatch(at: now)
    let wasEmpty = batch.values.isEmpty
    batch.values.append(value)
    let charge = value.count + Self.recordOverheadBytes
    batch.bytes += charge
    self.bufferedBytes += charge
    self.open = batch
    let place = (batch.id, batch.values.count - 1)
    let isFull = batch.bytes >= self.configuration.batchBytes || batch.values.count >= self.configuration.batchRecords
    if isFull { self.closeBatch() }
    return (place.0, place.1, wasEmpty || isFull)
  }

  private mutating func beginBatch(at now: Instant) -> Batch {
    defer { self.nextID += 1 }
    return Batch(id: self.nextID, began: now)
  }

  private mutating func closeBatch() {
    guard let open else { return }
    self.waiting.append(open)
    self.open = nil
    self.isFlushing = false
  }

  /// The newest batch; all before it are done when it is.
  mutating func flush() -> BatchID? {
    self.isFlushing = self.open != nil
    return self.nextID > 0 ? self.nextID - 1 : nil
  }

  mutating func close() {
    self.isClosing = true
  }

  /// Whether a stream is needed.
  var hasWork: Bool { !self.waiting.isEmpty || self.open != nil }
  /// Nothing is left, and nothing will come.
  var isDone: Bool { self.isClosing && !self.hasWork && self.inFlight.isEmpty }
  var inFlightCount: Int { self.inFlight.count }
  /// Until when the oldest record is to be acknowledged.
  var deadline: Instant? {
    (self.inFlight.first ?? self.waiting.first ?? self.open).map { $0.began + self.configuration.deliveryTimeout }
  }

  // MARK: Sending

  mutating func next(at now: Instant) -> Next {
    if self.failure != nil || self.isDone { return .end }
    guard self.inFlight.count < Self.maximumInFlight else { return .wait(until: nil) }
    if self.waiting.isEmpty, let open {
      let due = open.began + self.configuration.linger
      guard self.isFlushing || self.isClosing || due <= now else { return .wait(until: due) }
      self.closeBatch()
    }
    guard var batch = self.waiting.popFirst() else { return .wait(until: nil) }
    if batch.sequence == nil {
      batch.sequence = self.nextSequence
      self.nextSequence += UInt64(batch.values.count)
    }
    self.inFlight.append(batch)
    return .send(batch, by: self.identity)
  }

  /// Of the batch that the next answer is for; `nil`: none is due.
  var recordsDue: Int? { self.inFlight.first?.values.count }

  /// Takes in an answer, which is that of the oldest.
  mutating func acknowledge(offset: UInt64) -> Completion? {
    guard let batch = self.inFlight.popFirst() else { return nil }
    return self.complete(batch, .success(offset))
  }

  private mutating func complete(_ batch: Batch, _ result: Result<UInt64, ProgLogError>) -> Completion {
    self.bufferedBytes -= batch.bytes
    return Completion(batch: batch.id, bytes: batch.bytes, result: result)
  }

  // MARK: When a stream ends

  /// Takes in that a stream has ended with `failure`, which is the oldest batch's; `nil`: the server has ended it.
  mutating func streamEnded(_ failure: CallFailure?) -> (AfterStream, [Completion]) {
    self.lastError = failure?.error ?? self.lastError
    let sent = self.inFlight.count
    self.waiting = self.inFlight + self.waiting
    self.inFlight = []
    // Whoever is refused before the first batch has left is told so by that batch.
    if failure?.kind == .final { self.closeBatch() }
    guard let failure, let head = self.waiting.first else {
      // It ended well, and yet not all was answered.
      self.markInDoubt(sent)
      return (.goOn(afterPause: failure != nil || sent > 0), [])
    }
    let isFinal = failure.kind == .final && !failure.leavesDoubt
    switch failure.kind {
    case .sequenceGap where sent > 0 && !head.isInDoubt:
      // Those before it are acknowledged, so the servers have forgotten this producer.
      self.renumber(from: 0, as: self.identity.next)
      return (.goOn(afterPause: false), [])
    case .final where failure.reason == .producerFenced: return (.failed, self.fail(.fenced))
    case .sequenceGap where sent > 0: return (.failed, self.fail(.sequenceLost))
    case .final where failure.reason == .sequenceTooOld, .final where isFinal && head.isInDoubt:
      self.markInDoubt(min(sent, 1))
      return (.failed, self.fail(.sequenceLost))
    case .final where isFinal:
      // Refused, and so were those behind it, whose numbers come after a gap then.
      self.waiting.removeFirst()
      self.renumber(from: head.sequence ?? self.nextSequence, as: self.identity)
      return (.goOn(afterPause: false), [self.complete(head, .failure(failure.error))])
    case .notLeader, .away, .silent, .busy, .final, .sequenceGap:
      // What comes under the same number is appended once, however often. When the oldest was refused, nothing behind it can
      // have been appended, unless it was there already.
      if failure.leavesDoubt || head.isInDoubt { self.markInDoubt(sent) }
      return (.goOn(afterPause: true), [])
    }
  }

  private mutating func markInDoubt(_ count: Int) {
    for place in 0..<count { self.waiting[self.waiting.startIndex + place].isInDoubt = true }
  }

  private mutating func renumber(from sequence: UInt64, as identity: ProducerIdentity) {
    self.identity = identity
    self.nextSequence = sequence
    for place in self.waiting.indices { self.waiting[place].sequence = nil }
  }

  /// Gives up what is too old. Between streams only.
  mutating func expire(at now: Instant) -> [Completion] {
    precondition(self.inFlight.isEmpty, "batches expire between streams, and \(self.inFlight.count) are in one")
    var completions: [Completion] = []
    if let open, open.began + self.configuration.deliveryTimeout <= now { self.closeBatch() }
    while let head = self.waiting.first, head.began + self.configuration.deliveryTimeout <= now {
      if head.isInDoubt { return completions + self.fail(.timedOut) }
      self.waiting.removeFirst()
      if let sequence = head.sequence { self.renumber(from: sequence, as: self.identity) }
      completions.append(self.complete(head, .failure(self.lateness)))
    }
    return completions
  }

  /// What a record fails with that could not be sent in its time.
  private var lateness: ProgLogError {
    let wait =
      switch self.lastError {
      case .deadlineExceeded(let wait, _)?: wait
      case let error?: "a leader to send to (\(error.cause))"
      case nil: "a leader to send to"
      }
    return .deadlineExceeded(waitingFor: wait, timeout: self.configuration.deliveryTimeout)
  }

  /// Ends the producer.
  private mutating func fail(_ reason: ProgLogError.ProducerFailure.Reason) -> [Completion] {
    let left = self.waiting + (self.open.map { [$0] } ?? [])
    let doubtful = left.filter(\.isInDoubt).reduce(0) { $0 + $1.values.count }
    let all = left.reduce(0) { $0 + $1.values.count }
    let cause = self.lastError?.cause ?? "no server was found"
    let failure = ProgLogError.producerFailed(
      .init(reason: reason, recordsInDoubt: doubtful, recordsNotSent: all - doubtful, cause: cause))
    return self.end(with: failure, doubt: .outcomeUnknown(records: doubtful, cause: cause))
  }

  /// Ends it because the client ends, unless it has come to its end.
  mutating func abort() -> [Completion] {
    guard self.failure == nil, !self.isDone else { return [] }
    for place in self.inFlight.indices { self.inFlight[place].isInDoubt = true }
    self.waiting = self.inFlight + self.waiting
    self.inFlight = []
    let doubtful = self.waiting.filter(\.isInDoubt).reduce(0) { $0 + $1.values.count }
    return self.end(
      with: .closed, doubt: .outcomeUnknown(records: doubtful, cause: "the client was closed before the answer"))
  }

  private mutating func end(with failure: ProgLogError, doubt: ProgLogError) -> [Completion] {
    let left = self.waiting + (self.open.map { [$0] } ?? [])
    self.failure = failure
    self.waiting = []
    self.open = nil
    return left.map { self.complete($0, .failure($0.isInDoubt ? doubt : failure)) }
  }
}
