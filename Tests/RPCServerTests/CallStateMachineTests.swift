import Testing

@testable import RPCServer

@Suite("The order of a call")
struct CallStateMachineTests {
  enum Event: Sendable, Equatable {
    case headers(end: Bool)
    case data(end: Bool)
    case sendHeaders, send, finish, fail, lose
  }

  enum Outcome: Sendable, Equatable {
    case headers(CallStateMachine.OnHeaders)
    case data(CallStateMachine.OnData)
    case send(CallStateMachine.OnSend)
    case finish(CallStateMachine.OnFinish)
    case lose(Bool)
  }

  private static func step(_ machine: inout CallStateMachine, _ event: Event) -> Outcome {
    switch event {
    case .headers(let end): .headers(machine.receiveHeaders(endStream: end))
    case .data(let end): .data(machine.receiveData(endStream: end))
    case .sendHeaders: .send(machine.sendHeaders())
    case .send: .send(machine.sendMessage())
    case .finish: .finish(machine.finish())
    case .fail: .finish(machine.fail())
    case .lose: .lose(machine.lose())
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var before: [Event]
    var event: Event
    var outcome: Outcome

    var testDescription: String { name }

    init(_ name: String, _ before: [Event], _ event: Event, _ outcome: Outcome) {
      self.name = name
      self.before = before
      self.event = event
      self.outcome = outcome
    }
  }

  private static let open: [Event] = [.headers(end: false)]
  private static let complete: [Event] = [.headers(end: false), .data(end: true)]

  @Test(
    "each event in each state has one answer",
    arguments: [
      Case("a call opens", [], .headers(end: false), .headers(.open)),
      Case("a call opens and ends at once", [], .headers(end: true), .headers(.open)),
      Case("data before headers", [], .data(end: false), .data(.reset)),
      Case("data in an open request", open, .data(end: false), .data(.deliver)),
      Case("the last data", open, .data(end: true), .data(.deliver)),
      Case("data after the end", complete, .data(end: false), .data(.reset)),
      Case("trailers end a request", open, .headers(end: true), .headers(.end)),
      Case("headers within a request", open, .headers(end: false), .headers(.reset)),
      Case("headers after the end", complete, .headers(end: true), .headers(.reset)),
      Case("data after an early answer", open + [.finish], .data(end: false), .data(.ignore)),
      Case("trailers after an early answer", open + [.finish], .headers(end: true), .headers(.ignore)),
      Case("data after a failure", open + [.fail], .data(end: true), .data(.ignore)),
      Case("the first message brings headers", complete, .send, .send(.write(headersFirst: true))),
      Case("the second message does not", complete + [.send], .send, .send(.write(headersFirst: false))),
      Case("a message after explicit headers", open + [.sendHeaders], .send, .send(.write(headersFirst: false))),
      Case("headers twice", open + [.sendHeaders], .sendHeaders, .send(.illegal)),
      Case("headers after a message", open + [.send], .sendHeaders, .send(.illegal)),
      Case("headers after the end", complete + [.finish], .sendHeaders, .send(.illegal)),
      Case("a message after the end", complete + [.finish], .send, .send(.illegal)),
      Case("finishing twice", complete + [.finish], .finish, .finish(.illegal)),
      Case("a status alone", complete, .finish, .finish(.trailersOnly(resetsRequest: false))),
      Case("an early status", open, .finish, .finish(.trailersOnly(resetsRequest: true))),
      Case("trailers", complete + [.send], .finish, .finish(.trailers(resetsRequest: false))),
      Case("early trailers", open + [.send], .finish, .finish(.trailers(resetsRequest: true))),
      Case("failing", open, .fail, .finish(.trailersOnly(resetsRequest: true))),
      Case("failing within an answer", complete + [.send], .fail, .finish(.trailers(resetsRequest: false))),
      Case("failing after the end", complete + [.finish], .fail, .finish(.drop)),
      Case("failing twice", open + [.fail], .fail, .finish(.drop)),
      Case("a message that lost a race", open + [.fail], .send, .send(.drop)),
      Case("headers that lost a race", open + [.lose], .sendHeaders, .send(.drop)),
      Case("an end that lost a race", complete + [.lose], .finish, .finish(.drop)),
      Case("a lost stream that never began", [], .lose, .lose(false)),
      Case("a lost stream", complete, .lose, .lose(true)),
      Case("a lost stream after the end", complete + [.finish], .lose, .lose(false)),
      Case("a stream lost twice", open + [.lose], .lose, .lose(false)),
      Case("a bug stays a bug after the stream is gone", complete + [.finish, .lose], .finish, .finish(.illegal)),
    ])
  func table(testCase: Case) {
    var machine = CallStateMachine()
    for event in testCase.before { _ = Self.step(&machine, event) }
    #expect(Self.step(&machine, testCase.event) == testCase.outcome)
  }
}
