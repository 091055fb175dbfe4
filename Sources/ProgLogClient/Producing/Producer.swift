import DequeModule
import GRPCCore
import ProgLogAPI
import Synchronization

/// Appends records in their order, many in a batch and several batches on their way, each record once.
///
/// ```swift
/// let producer = client.makeProducer()
/// let acknowledgement = try await producer.send(value)  // waits only while the buffer is full
/// let offset = try await acknowledgement.offset         // waits until the record is durable
/// try await producer.close()
/// ```
///
/// It goes on by itself when the leader changes or the connection breaks: what has no answer is sent again under the same
/// number, by which servers tell it from a new record. A batch that is refused, as one with too large a record, fails its own
/// records; those behind it are appended all the same. When the numbering is lost the producer ends with
/// ``ProgLogError/producerFailed(_:)``, which says how many records are in doubt.
public final class Producer: Sendable {
  private struct State {
    var queue: ProducerQueue
    var outcomes: [ProducerQueue.BatchID: BatchOutcome] = [:]
    /// Waiting for room, the first to come first.
    var senders: Deque<(number: UInt64, continuation: CheckedContinuation<Void, Never>)> = []
    var nextSender: UInt64 = 0
  }

  private let client: ProgLogClient
  private let state: Mutex<State>
  /// There may be something to send, or there will never be.
  private let work = ChangeSignal()
  private let ended = ChangeSignal()
  /// Batches, ever.
  private let answered = Atomic<UInt64>(0)

  init(client: ProgLogClient, configuration: ProducerConfiguration) {
    self.client = client
    self.state = Mutex(State(queue: ProducerQueue(configuration)))
  }

  // MARK: What callers do

  /// Takes a record in, to be sent after those that were taken before. Waits while the buffer is full.
  ///
  /// - Returns: a promise of its offset. It may be thrown away; the record is sent all the same.
  /// - Throws: what the producer has ended with, ``ProgLogError/closed``, or `CancellationError`; the record is not taken then.
  @discardableResult
  public func send(_ value: [UInt8]) async throws -> Acknowledgement {
    while true {
      let attempt = try self.state.withLock { state throws -> (Acknowledgement, wakes: Bool)? in
        if let failure = state.queue.failure { throw failure }
        if state.queue.isClosing { throw ProgLogError.closed }
        guard state.queue.hasRoom(for: value.count) else { return nil }
        let (batch, index, wakes) = state.queue.add(value, at: .now)
        let outcome = state.outcomes[batch] ?? BatchOutcome()
        state.outcomes[batch] = outcome
        return (Acknowledgement(batch: outcome, index: index), wakes)
      }
      if let (acknowledgement, wakes) = attempt {
        if wakes { self.work.bump() }
        return acknowledgement
      }
      guard !Task.isCancelled else {
        self.passOn()
        throw CancellationError()
      }
      await self.waitForRoom(value.count)
    }
  }

  /// Lets the next one look for room, for this one may have been woken and does not take it.
  private func passOn() {
    self.state.withLock { $0.senders.popFirst() }?.continuation.resume()
  }

  private func waitForRoom(_ bytes: Int) async {
    let number = self.state.withLock { state in
      state.nextSender += 1
      return state.nextSender
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isNeedless = self.state.withLock { state in
          let isOver = state.queue.failure != nil || state.queue.isClosing || Task.isCancelled
          if isOver || state.queue.hasRoom(for: bytes) { return true }
          state.senders.append((number, continuation))
          return false
        }
        if isNeedless { continuation.resume() }
      }
    } onCancel: {
      let sender = self.state.withLock { state in
        state.senders.firstIndex { $0.number == number }.map { state.senders.remove(at: $0) }
      }
      sender?.continuation.resume()
    }
  }

  /// Sends what waits for more, and waits until all that was taken before has been answered, well or not.
  ///
  /// - Throws: what the producer has ended with, or `CancellationError`.
  public func flush() async throws {
    let last = self.state.withLock { state in state.queue.flush().flatMap { state.outcomes[$0] } }
    self.work.bump()
    await last?.wait()
    try Task.checkCancellation()
    if let failure = self.state.withLock({ $0.queue.failure }) { throw failure }
  }

  /// Takes no more records, and waits until all that were taken have been answered.
  ///
  /// - Throws: what the producer has ended with, or `CancellationError`.
  public func close() async throws {
    let senders = self.state.withLock { state in
      state.queue.close()
      defer { state.senders = [] }
      return state.senders
    }
    for sender in senders { sender.continuation.resume() }
    self.work.bump()
    await self.ended.wait(past: 0)
    try Task.checkCancellation()
    if let failure = self.state.withLock({ $0.queue.failure }) { throw failure }
  }

  // MARK: What it does

  /// Sends until it is closed or fails, or the task is cancelled.
  func run() async {
    let configuration = self.client.configuration
    var pauses = 0
    var silences = 0
    while !Task.isCancelled {
      let seen = self.work.count
      let (isOver, hasWork) = self.state.withLock { ($0.queue.isDone || $0.queue.failure != nil, $0.queue.hasWork) }
      if isOver { break }
      guard hasWork else {
        await self.work.wait(past: seen)
        continue
      }
      let answered = self.answered.load(ordering: .relaxed)
      let (after, wasSilent) = await self.oneStream(patience: configuration.attemptTimeout * (1 << min(silences, 4)))
      silences = wasSilent ? silences + 1 : 0
      if self.answered.load(ordering: .relaxed) != answered { (pauses, silences) = (0, 0) }
      guard case .goOn(afterPause: true) = after else { continue }
      pauses += 1
      try? await Task.sleep(for: configuration.backOff.pause(after: pauses))
    }
    self.end()
  }

  /// Nothing is sent any more.
  func end() {
    self.settle { $0.abort() }
    self.ended.bump()
  }

  /// - Parameter patience: how long to wait for an answer; longer after a stream on which none came, for what takes longer
  ///   would else be begun again for ever.
  private func oneStream(patience: Duration) async -> (ProducerQueue.AfterStream, wasSilent: Bool) {
    do {
      let deadline = self.state.withLock { $0.queue.deadline } ?? .now
      let node = try await self.client.cluster.node(
        for: .leader, since: .now, until: max(deadline, .now + self.client.configuration.backOff.initial))
      return await self.stream(to: node, patience: patience)
    } catch is CancellationError {
      return (.goOn(afterPause: false), false)
    } catch {
      let failure = CallFailure(
        error, address: self.client.configuration.seeds[0], wasOpened: false, requested: nil, timeout: .zero)
      return (self.streamEnded(failure), false)
    }
  }

  private func stream(
    to node: Node, patience: Duration
  ) async -> (ProducerQueue.AfterStream, wasSilent: Bool) {
    let answered = self.answered.load(ordering: .relaxed)
    let watch = ProgressWatch(timeout: patience)
    do {
      try await self.client.attempt(at: node, requested: nil, timeout: patience) {
        try await watch.guarding {
          // Until the stream is there, too, the server is to do something.
          watch.expectAnswer()
          try await node.log.produceStream(options: self.client.streamOptions) { writer in
            watch.relax()
            while let appending = await self.nextToSend() {
              if self.state.withLock({ $0.queue.inFlightCount }) == 1 { watch.expectAnswer() }
              try await writer.write(appending.request)
            }
          } onResponse: { response in
            for try await answer in response.messages {
              let left = try self.take(answer)
              if left > 0 { watch.expectAnswer() } else { watch.relax() }
            }
          }
        }
      }
      return (self.streamEnded(nil), false)
    } catch let failure as CallFailure {
      // One that has answered before it failed counts as one that fails for the first time.
      if self.answered.load(ordering: .relaxed) != answered { self.client.cluster.succeeded(node) }
      let canGoOn = self.client.cluster.failed(node, failure.kind)
      let after = self.streamEnded(failure)
      if canGoOn, case .goOn = after { return (.goOn(afterPause: false), false) }
      return (after, failure.kind == .silent)
    } catch {
      return (self.streamEnded(nil), false)
    }
  }

  /// Waits until there is something; `nil`: there will not be.
  private func nextToSend() async -> Appending? {
    while !Task.isCancelled {
      let seen = self.work.count
      switch self.state.withLock({ $0.queue.next(at: .now) }) {
      case .send(let batch, let identity):
        return Appending(batch.values, by: identity, sequence: batch.sequence ?? 0)
      case .wait(let until): await self.work.wait(past: seen, until: until)
      case .end: return nil
      }
    }
    return nil
  }

  /// - Returns: how many batches still wait for their answers.
  private func take(_ answer: Log_V1_ProduceResponse) throws -> Int {
    guard let records = self.state.withLock({ $0.queue.recordsDue }) else {
      throw ProgLogError.protocolViolation("it answered more often than it was asked")
    }
    let offsets = try Appending.offsets(in: answer, records: records)
    self.answered.add(1, ordering: .relaxed)
    self.settle { queue in queue.acknowledge(offset: offsets.lowerBound).map { [$0] } ?? [] }
    self.work.bump()
    return self.state.withLock { $0.queue.inFlightCount }
  }

  private func streamEnded(_ failure: CallFailure?) -> ProducerQueue.AfterStream {
    var after = ProducerQueue.AfterStream.failed
    self.settle { queue in
      let (next, completions) = queue.streamEnded(failure)
      after = next
      return completions + queue.expire(at: .now)
    }
    return after
  }

  /// Tells those who wait what has become of their batches, and lets in who waits for room.
  private func settle(_ step: (inout ProducerQueue) -> [ProducerQueue.Completion]) {
    let (outcomes, senders) = self.state.withLock { state in
      let completions = step(&state.queue)
      let outcomes = completions.map { (state.outcomes.removeValue(forKey: $0.batch), $0.result) }
      var freed = completions.reduce(0) { $0 + $1.bytes }
      let isOver = state.queue.failure != nil
      var senders: [CheckedContinuation<Void, Never>] = []
      // One for each record that may fit: they look for themselves, and the next batch lets in the others.
      while freed > 0 || isOver, let sender = state.senders.popFirst() {
        senders.append(sender.continuation)
        freed -= ProducerQueue.recordOverheadBytes
      }
      return (outcomes, senders)
    }
    for (outcome, result) in outcomes { outcome?.settle(result) }
    for sender in senders { sender.resume() }
  }
}

extension ProgLogClient {
  /// Makes a producer, which sends for as long as the client runs.
  public func makeProducer(_ configuration: ProducerConfiguration = ProducerConfiguration()) -> Producer {
    let producer = Producer(client: self, configuration: configuration)
    if !self.spawn({ await producer.run() }) { producer.end() }
    return producer
  }
}
