import CommitLog
import NIOCore

/// Produces one batch after the other, several at a time, and repeats each until it is acknowledged.
final class ProducerClient: SimulatedClient {
  private struct Outstanding {
    var serial: UInt64
    var batch: RecordBatch
    var isRetry = false
    /// When it is sent again.
    var nextTry = VirtualTime.zero
  }

  let pause: UInt64
  private let position: Int
  private let number: Int
  private let isIdempotent: Bool
  private let window: Int
  private let slots: Int
  private var dice: Dice
  private var target: Int
  private var epoch: UInt16 = 0
  private var nextSequence: UInt64 = 0
  private var nextSerial: UInt64 = 1
  private var outstanding: [Outstanding] = []
  /// Batches that it still wants to produce; nil: without end.
  private var remaining: Int?

  /// - Parameter position: among the clients of the run.
  init(_ planned: PlannedClient, position: Int, slots: Int, remaining: Int? = nil) {
    pause = planned.pause
    self.position = position
    number = planned.number
    isIdempotent = planned.kind == .idempotentProducer
    window = planned.window
    self.slots = slots
    self.remaining = remaining
    dice = Dice(seed: planned.seed)
    target = dice.below(slots)
  }

  var isIdle: Bool { outstanding.isEmpty && (remaining ?? 0) == 0 }

  func wake(at now: VirtualTime, isEnding: Bool, _ coverage: inout Coverage) -> [(slot: Int, request: ClientRequest)] {
    if !isEnding || remaining != nil { beginBatches() }
    var requests: [(slot: Int, request: ClientRequest)] = []
    for item in outstanding.indices where outstanding[item].nextTry <= now {
      if outstanding[item].isRetry {
        coverage.hit(.retriedProduce)
        // Nobody said who leads.
        if outstanding[item].nextTry != .zero { target = dice.below(slots) }
      }
      outstanding[item].isRetry = true
      outstanding[item].nextTry = now + Self.patience
      requests.append(
        (
          target,
          ClientRequest(
            client: position, serial: outstanding[item].serial, kind: .produce(outstanding[item].batch))
        ))
    }
    return requests
  }

  private func beginBatches() {
    // Between the oldest that is not acknowledged and the newest, for a leader remembers the last few batches only.
    while nextSerial < (outstanding.first?.serial ?? nextSerial) + UInt64(window), remaining != 0,
      outstanding.isEmpty || dice.chance(perMille: 500)
    {
      if let remaining { self.remaining = remaining - 1 }
      outstanding.append(Outstanding(serial: nextSerial, batch: makeBatch()))
      nextSerial += 1
    }
  }

  private func makeBatch() -> RecordBatch {
    let producer =
      isIdempotent ? Producer(id: UInt64(number) + 1, epoch: epoch, sequence: nextSequence) : Producer.none
    var builder = RecordBatch.Builder(producer: producer)
    for _ in 0..<dice.within(1...3) {
      // Of different lengths, and each another one.
      var value = ByteBuffer(repeating: 0x2E, count: dice.below(24))
      value.writeInteger(dice.next())
      builder.append(value, timestamp: Timestamp(microseconds: 0))
    }
    nextSequence += UInt64(builder.count)
    return builder.finish()
  }

  func receive(_ reply: ClientReply, _ oracle: Oracle, _ coverage: inout Coverage) throws(Violation) {
    guard let found = outstanding.firstIndex(where: { $0.serial == reply.serial }) else { return }
    switch reply.outcome {
    case .acknowledged(let offset):
      try oracle.acknowledged(offset: offset, bodyChecksum: outstanding[found].batch.bodyChecksum)
      outstanding.remove(at: found)
    case .notLeader(let hint?):
      target = hint
      outstanding[found].nextTry = .zero
    case .tooOld:
      throw Violation(
        .exactlyOnce, "producer \(number)'s batch \(reply.serial), not acknowledged yet, counts as too old")
    case .notLeader(nil), .tryLater, .read, .consumed, .outOfRange:
      // At its next waking, by another node.
      outstanding[found].nextTry = VirtualTime(nanoseconds: 1)
    }
  }

  /// It starts anew and does not know what became of what it sent.
  func raiseEpoch() {
    guard isIdempotent else { return }
    epoch += 1
    nextSequence = 0
    outstanding.removeAll()
  }
}
