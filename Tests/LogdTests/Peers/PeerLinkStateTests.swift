import Testing

@testable import Logd

@Suite("Peers: the way to a member")
struct PeerLinkStateTests {
  typealias Event = PeerLinkState.Event
  typealias Action = PeerLinkState.Action

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var steps: [(event: Event, actions: [Action])]
    var phase: PeerLinkState.Phase

    var testDescription: String { name }
  }

  private static func step(_ event: Event, _ actions: Action...) -> (event: Event, actions: [Action]) {
    (event, actions)
  }

  private static func wait(_ milliseconds: Int) -> Action { .retry(after: .milliseconds(milliseconds)) }

  private static let connected = [
    step(.due, .connect(attempt: 1)), step(.connected(attempt: 1), .greet),
  ]
  private static let ready = connected + [step(.welcomed(attempt: 1), .use)]

  /// With a random number of 0.
  static let cases = [
    Case(name: "dialed, greeted, ready", steps: ready, phase: .ready),
    Case(
      name: "attempts that fail come slower and slower",
      steps: [
        step(.due, .connect(attempt: 1)), step(.failed(attempt: 1), wait(50)),
        step(.due, .connect(attempt: 2)), step(.failed(attempt: 2), wait(100)),
        step(.due, .connect(attempt: 3)), step(.connected(attempt: 3), .greet), step(.failed(attempt: 3), wait(200)),
      ], phase: .waiting),
    Case(
      name: "a welcome makes the next wait short again",
      steps: [
        step(.due, .connect(attempt: 1)), step(.failed(attempt: 1), wait(50)),
        step(.due, .connect(attempt: 2)), step(.failed(attempt: 2), wait(100)),
        step(.due, .connect(attempt: 3)), step(.connected(attempt: 3), .greet), step(.welcomed(attempt: 3), .use),
        step(.failed(attempt: 3), .lost, wait(50)),
      ], phase: .waiting),
    Case(
      name: "who refuses for good is asked again at the slow end",
      steps: connected + [
        step(.refused(.otherIncarnation, attempt: 1), .close, wait(500)),
        // Its end is no news.
        step(.failed(attempt: 1)), step(.due, .connect(attempt: 2)), step(.connected(attempt: 2), .greet),
        step(.refused(.otherIncarnation, attempt: 2), .close, wait(500)),
      ], phase: .waiting),
    Case(
      name: "who is busy is asked again soon",
      steps: connected + [step(.refused(.busy, attempt: 1), .close, wait(50))], phase: .waiting),
    Case(
      name: "another address while waiting",
      steps: [
        step(.due, .connect(attempt: 1)), step(.failed(attempt: 1), wait(50)),
        step(.addressChanged, .cancelRetry, .connect(attempt: 2)), step(.due), step(.failed(attempt: 2), wait(50)),
      ], phase: .waiting),
    Case(
      name: "another address while connecting to the old one",
      steps: [
        step(.due, .connect(attempt: 1)), step(.addressChanged, .connect(attempt: 2)),
        step(.connected(attempt: 1), .discard), step(.connected(attempt: 2), .greet), step(.failed(attempt: 1)),
        step(.welcomed(attempt: 1)), step(.welcomed(attempt: 2), .use),
      ], phase: .ready),
    Case(
      name: "another address while greeting",
      steps: connected + [
        step(.addressChanged, .close, .connect(attempt: 2)), step(.failed(attempt: 1)), step(.welcomed(attempt: 1)),
        step(.refused(.version, attempt: 1)),
      ], phase: .connecting),
    Case(
      name: "another address when ready",
      steps: ready + [step(.addressChanged, .close, .lost, .connect(attempt: 2)), step(.failed(attempt: 1))],
      phase: .connecting),
    Case(
      name: "stopped while waiting",
      steps: [
        step(.due, .connect(attempt: 1)), step(.failed(attempt: 1), wait(50)), step(.stop, .cancelRetry), step(.due),
        step(.addressChanged), step(.stop),
      ], phase: .stopped),
    Case(
      name: "stopped while connecting",
      steps: [
        step(.due, .connect(attempt: 1)), step(.stop), step(.connected(attempt: 1), .discard),
        step(.failed(attempt: 1)),
      ], phase: .stopped),
    Case(
      name: "stopped while greeting", steps: connected + [step(.stop, .close), step(.failed(attempt: 1))],
      phase: .stopped),
    Case(
      name: "stopped when ready", steps: ready + [step(.stop, .close, .lost), step(.failed(attempt: 1))],
      phase: .stopped),
    Case(name: "stopped before it began", steps: [step(.stop, .cancelRetry), step(.due)], phase: .stopped),
  ]

  @Test("event by event", arguments: cases)
  func steps(example: Case) {
    var state = PeerLinkState()
    for (number, step) in example.steps.enumerated() {
      #expect(state.step(step.event, random: 0) == step.actions, "step \(number): \(step.event)")
    }
    #expect(state.phase == example.phase)
  }
}
