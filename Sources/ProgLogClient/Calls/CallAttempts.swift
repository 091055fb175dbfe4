/// The attempts of one call: whether there is another, and after which pause. A value without clock.
struct CallAttempts: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// Two servers that take each other for the leader would else be asked for ever without a pause.
  private static let maximumHints = 3
  private static let maximumDoublings = 4

  private let backOff: BackOff
  private let timeout: Duration
  private let attemptTimeout: Duration
  private(set) var start: Instant
  private var failures = 0
  /// Attempts on which nothing came. What takes longer than an attempt, on a slow network or a busy machine, would else be
  /// begun again for ever.
  private var silences = 0
  /// Followed one after the other.
  private var hints = 0
  /// Whether an attempt may have appended something.
  private(set) var isInDoubt = false

  /// - Parameters:
  ///   - timeout: for all attempts.
  ///   - attemptTimeout: for each.
  init(backOff: BackOff, timeout: Duration, attemptTimeout: Duration, start: Instant) {
    self.backOff = backOff
    self.timeout = timeout
    self.attemptTimeout = attemptTimeout
    self.start = start
  }

  var end: Instant { self.start + self.timeout }

  /// How long the next attempt may be silent: twice as long after each that was.
  var patience: Duration { self.attemptTimeout * (1 << min(self.silences, Self.maximumDoublings)) }

  /// What an attempt may take that begins now.
  func timeLeft(at now: Instant) -> Duration {
    min(self.patience, max(self.end - now, .zero))
  }

  /// A stream that has got on may have lasted for hours: it has the whole time again.
  mutating func madeProgress(at now: Instant) {
    self.start = now
    self.failures = 0
    self.silences = 0
    self.hints = 0
  }

  /// Takes in a failure.
  ///
  /// - Parameter canGoOn: whether another server may be asked at once.
  /// - Returns: how long to wait before the next attempt; `nil`: there is none.
  mutating func pause(
    after failure: CallFailure, canGoOn: Bool, at now: Instant, random: Double = .random(in: 0..<1)
  ) -> Duration? {
    self.isInDoubt = self.isInDoubt || failure.leavesDoubt
    guard failure.mayPass else { return nil }
    if failure.kind == .silent { self.silences += 1 }
    if canGoOn, self.hints < Self.maximumHints, now < self.end {
      self.hints += 1
      return .zero
    }
    self.failures += 1
    let pause = self.backOff.pause(after: self.failures, random: random)
    return now + pause < self.end ? pause : nil
  }
}
