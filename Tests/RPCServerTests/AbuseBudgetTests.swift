import NIOCore
import Testing

@testable import RPCServer

@Suite("The budget of abuse")
struct AbuseBudgetTests {
  enum Event: Sendable {
    case frames(Int, FrameHeader, everyNanoseconds: Int64 = 0)
    case streamErrors(Int)
    case sent(messages: Int, bytes: Int)
    case pause(seconds: Int64)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var events: [Event]
    var isExceeded: Bool

    init(_ name: String, _ events: [Event], isExceeded: Bool) {
      testDescription = name
      self.events = events
      self.isExceeded = isExceeded
    }
  }

  private static let ping = FrameHeader(kind: .ping, length: 8)
  private static let reset = FrameHeader(kind: .reset, length: 4)
  private static let headers = FrameHeader(kind: .headers, flags: 0x4, length: 50)
  private static let update = FrameHeader(kind: .windowUpdate, length: 4)
  private static let settings = FrameHeader(kind: .settings)
  private static let priority = FrameHeader(kind: .priority, length: 5)
  private static let continuation = FrameHeader(kind: .continuation)
  private static let unknown = FrameHeader(kind: nil, length: 100)
  private static let emptyData = FrameHeader(kind: .data)
  private static let lastEmptyData = FrameHeader(kind: .data, flags: 0x1)
  private static let data = FrameHeader(kind: .data, length: 10)

  @Test(
    "work is free, the rest is bounded",
    arguments: [
      Case("calls", [.frames(1_000_000, headers), .frames(1_000_000, data)], isExceeded: false),
      Case("calls that end by an empty frame", [.frames(1_000_000, lastEmptyData)], isExceeded: false),
      Case("every open call cancelled at once", [.frames(256, reset)], isExceeded: false),
      Case("nearly four times that", [.frames(1000, reset)], isExceeded: false),
      Case("rapid reset", [.frames(1200, reset)], isExceeded: true),
      Case(
        "cancelling fifty calls a second for an hour", [.frames(180_000, reset, everyNanoseconds: 20_000_000)],
        isExceeded: false),
      Case(
        "cancelling a thousand calls a second", [.frames(30_000, reset, everyNanoseconds: 1_000_000)], isExceeded: true),
      Case(
        "a burst, a pause and a burst", [.frames(1000, reset), .pause(seconds: 10), .frames(1000, reset)],
        isExceeded: false),
      Case("a pause fills the budget once", [.pause(seconds: 1_000_000), .frames(1200, reset)], isExceeded: true),
      Case(
        "cancelling calls in between others",
        Array(
          repeating: [.sent(messages: 1, bytes: 0), .sent(messages: 1, bytes: 0), .frames(1, reset)], count: 10_000
        ).flatMap { $0 }, isExceeded: false),
      Case("provoked errors", [.streamErrors(1200)], isExceeded: true),
      Case("a ping flood", [.frames(4500, ping)], isExceeded: true),
      Case(
        "pings between messages",
        Array(repeating: [.sent(messages: 1, bytes: 100), .frames(2, ping)], count: 10_000).flatMap { $0 },
        isExceeded: false),
      Case("a settings flood", [.frames(450, settings)], isExceeded: true),
      Case("a priority flood", [.frames(4500, priority)], isExceeded: true),
      Case("a flood of empty data", [.frames(2300, emptyData)], isExceeded: true),
      Case("a continuation flood", [.frames(2300, continuation)], isExceeded: true),
      Case("a window update flood", [.frames(22_500, update)], isExceeded: true),
      Case(
        "window updates for what was sent",
        Array(repeating: [.sent(messages: 1, bytes: 16 << 10), .frames(4, update)], count: 100_000).flatMap { $0 },
        isExceeded: false),
      Case("a flood of frames that nobody knows", [.frames(4500, unknown)], isExceeded: true),
      Case(
        "a mixture", [.frames(400, reset), .frames(1500, ping), .frames(100, settings), .frames(700, priority)],
        isExceeded: true),
    ])
  func table(testCase: Case) {
    var budget = AbuseBudget()
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    var isExceeded = false
    for event in testCase.events {
      switch event {
      case .frames(let count, let frame, let interval):
        for _ in 0..<count where !isExceeded {
          now = now + .nanoseconds(interval)
          isExceeded = budget.received(frame, now: now)
        }
      case .streamErrors(let count):
        for _ in 0..<count where !isExceeded { isExceeded = budget.streamFailed(now: now) }
      case .sent(let messages, let bytes):
        for _ in 0..<messages { budget.messageSent(bytes: bytes) }
      case .pause(let seconds):
        now = now + .seconds(seconds)
      }
    }
    #expect(isExceeded == testCase.isExceeded)
  }

  @Test("messages fill the budget, and no further")
  func ceiling() {
    var budget = AbuseBudget(.init(capacity: 100, refillPerSecond: 1))
    budget.messageSent(bytes: 1 << 30)
    #expect(budget.tokens == 100)
  }
}

@Suite("Following the frames")
struct FrameScannerTests {
  /// The preface, SETTINGS, HEADERS that go on in CONTINUATION, DATA with a payload, a frame of an unknown kind.
  private static let bytes: [UInt8] =
    Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    + [0, 0, 0, 4, 0, 0, 0, 0, 0] + [0, 0, 3, 1, 0, 0, 0, 0, 1, 1, 2, 3] + [0, 0, 1, 9, 4, 0, 0, 0, 1, 4]
    + [0, 1, 0, 0, 1, 0, 0, 0, 1] + [UInt8](repeating: 7, count: 256) + [0, 0, 2, 0xAA, 0, 0, 0, 0, 0, 1, 2]
  private static let frames = [
    FrameHeader(kind: .settings), FrameHeader(kind: .headers, length: 3),
    FrameHeader(kind: .continuation, flags: 4, length: 1), FrameHeader(kind: .data, flags: 1, length: 256),
    FrameHeader(kind: nil, length: 2),
  ]

  @Test("the frames are the same however the reads cut them", arguments: 1...40)
  func splits(size: Int) {
    var scanner = FrameScanner()
    var frames: [FrameHeader] = []
    for start in stride(from: 0, to: Self.bytes.count, by: size) {
      scanner.scan(ByteBuffer(bytes: Self.bytes[start..<min(start + size, Self.bytes.count)])) {
        frames.append($0)
        return true
      }
    }
    #expect(frames == Self.frames)
    #expect(!scanner.isIncomplete)
  }

  @Test(
    "what HTTP/2 must hold is incomplete, DATA is not",
    arguments: [
      (10, false), (24, false), (28, true), (33, false), (42, true), (44, true), (45, true), (54, true), (55, false),
      (64, false), (100, false), (320, false), (329, true), (330, true), (331, false),
    ])
  func incomplete(count: Int, isIncomplete: Bool) {
    var scanner = FrameScanner()
    scanner.scan(ByteBuffer(bytes: Self.bytes.prefix(count))) { _ in true }
    #expect(scanner.isIncomplete == isIncomplete)
  }
}
