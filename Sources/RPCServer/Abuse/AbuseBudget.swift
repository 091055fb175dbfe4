package import NIOCore

/// What a client may cost without doing any work, in tokens. Each frame that a well-behaved client sends rarely takes
/// some; time gives some back, and so does every message that the client is sent, because who calls also updates
/// windows, pings and cancels. A client that runs out is cut off.
///
/// One budget for all kinds of frames, so that a mixture buys no more than the worst of them: rapid reset
/// (CVE-2023-44487), resets provoked from the server (CVE-2025-8671), floods of PING, SETTINGS, PRIORITY and empty DATA
/// (CVE-2019-9512, -9513, -9515, -9518), of CONTINUATION (CVE-2024-27316), of WINDOW_UPDATE, and of frames that nobody
/// knows.
package struct AbuseBudget: Equatable {
  package struct Limits: Equatable, Sendable {
    /// Tokens of a new connection, and the most that one can have. The default lets a thousand calls be cancelled at
    /// once: nearly four times as many as may be open.
    package var capacity = 20_000
    /// Tokens that time gives back: a hundred cancelled calls a second.
    package var refillPerSecond = 2_000

    package init(capacity: Int = 20_000, refillPerSecond: Int = 2_000) {
      self.capacity = capacity
      self.refillPerSecond = refillPerSecond
    }
  }

  /// Tokens by kind. A token is about 100 ns of our time.
  private enum Cost {
    static let windowUpdate = 1
    static let padding = 2
    static let ping = 5
    static let priority = 5
    static let unknown = 5
    static let emptyData = 10
    static let continuation = 10
    static let reset = 20
    static let settings = 50
    static let goAway = 50
  }

  /// For a message sent: enough for a ping and the updates of both windows.
  private static let refundPerMessage = 10
  /// Further tokens for what was sent: one for each 512 bytes, thirty-two for a frame of the usual 16 KiB.
  private static let bytesPerRefundedToken = 512

  private let limits: Limits
  package private(set) var tokens: Int
  private var lastRefill: NIODeadline?

  package init(_ limits: Limits = Limits()) {
    self.limits = limits
    tokens = limits.capacity
  }

  /// A frame has begun. Returns whether it is one too many. The clock is looked at only if the frame costs something.
  package mutating func received(_ frame: FrameHeader, now: @autoclosure () -> NIODeadline) -> Bool {
    let cost = Self.cost(of: frame)
    return cost > 0 && take(cost, now: now())
  }

  /// The client has made us reset a stream. Returns whether once too often.
  package mutating func streamFailed(now: NIODeadline) -> Bool { take(Cost.reset, now: now) }

  /// A message of `bytes` was sent to the client.
  package mutating func messageSent(bytes: Int) {
    tokens = min(limits.capacity, tokens + Self.refundPerMessage + bytes / Self.bytesPerRefundedToken)
  }

  private mutating func take(_ cost: Int, now: NIODeadline) -> Bool {
    refill(now)
    tokens -= cost
    return tokens < 0
  }

  private mutating func refill(_ now: NIODeadline) {
    guard let last = lastRefill else { return lastRefill = now }
    let gained = Int(Double((now - last).nanoseconds) / 1e9 * Double(limits.refillPerSecond))
    // The time for a part of a token is kept until it is a whole one.
    guard gained > 0 else { return }
    tokens = min(limits.capacity, tokens + gained)
    lastRefill = now
  }

  private static func cost(of frame: FrameHeader) -> Int {
    switch frame.kind {
    case .data:
      if frame.length == 0, !frame.endsStream { return Cost.emptyData }
      return frame.isPadded ? Cost.padding : 0
    case .headers: return 0
    case .priority: return Cost.priority
    case .reset: return Cost.reset
    case .settings, .pushPromise: return Cost.settings
    case .ping: return Cost.ping
    case .goAway: return Cost.goAway
    case .windowUpdate: return Cost.windowUpdate
    case .continuation: return Cost.continuation
    case nil: return Cost.unknown
    }
  }
}
