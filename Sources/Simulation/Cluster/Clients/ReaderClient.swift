/// Asks any node for linearizable reads. That they see enough is checked where they are answered.
final class ReaderClient: SimulatedClient {
  let pause: UInt64
  private let position: Int
  private let slots: Int
  private var dice: Dice
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
    // Several at once, some of which share a round.
    return (0...dice.below(3)).map { _ in
      serial += 1
      return (dice.below(slots), ClientRequest(client: position, serial: serial, kind: .read))
    }
  }

  func receive(_ reply: ClientReply, _ oracle: Oracle, _ coverage: inout Coverage) throws(Violation) {
    if reply.serial == serial { deadline = nil }
  }
}
