/// Reads record after record, from whichever node.
final class ConsumerClient: SimulatedClient {
  let pause: UInt64
  private let position: Int
  private let slots: Int
  private var dice: Dice
  private var offset: UInt64 = 0
  private var serial: UInt64 = 0
  private var deadline: VirtualTime?

  /// - Parameter position: among the clients of the run.
  init(_ planned: PlannedClient, position: Int, slots: Int) {
    pause = planned.pause
    self.position = position
    self.slots = slots
    dice = Dice(seed: planned.seed)
  }

  var isIdle: Bool { deadline == nil }

  func wake(at now: VirtualTime, isEnding: Bool, _ coverage: inout Coverage) -> [(slot: Int, request: ClientRequest)] {
    if let deadline, deadline > now { return [] }
    deadline = nil
    guard !isEnding else { return [] }
    deadline = now + Self.patience
    serial += 1
    return [(dice.below(slots), ClientRequest(client: position, serial: serial, kind: .consume(from: offset)))]
  }

  func receive(_ reply: ClientReply, _ oracle: Oracle, _ coverage: inout Coverage) throws(Violation) {
    guard reply.serial == serial, deadline != nil else { return }
    deadline = nil
    switch reply.outcome {
    case .consumed(let next):
      if next > offset { coverage.hit(.consumed) }
      offset = next
    case .outOfRange(let start):
      guard start > offset else {
        throw Violation(.denseOffsets, "offset \(offset) is out of range of a log that starts at \(start)")
      }
      coverage.hit(.consumedOutOfRange)
      offset = start
    default: break
    }
  }
}
