/// When to ask again who the servers are: at intervals, and at once when something went wrong, but not more often than helps.
struct RefreshSchedule: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// Between two questions for a reason: twice as long after each that changed nothing. An election takes about a second; to
  /// hear of its end half a second late is the most that is worth sparing.
  private static let firstGap = Duration.milliseconds(50)
  private static let longestGap = Duration.milliseconds(500)
  private static let maximumDoublings = 4

  private let interval: Duration
  private var lastAsked: Instant?
  private var isWanted = true
  /// Questions in a row that changed nothing.
  private var vain = 0
  /// Of the interval: clients that began together do not go on asking together.
  private var jitter = 1.0

  init(interval: Duration) {
    self.interval = interval
  }

  /// Something went wrong that an answer may mend.
  mutating func want() {
    self.isWanted = true
  }

  /// - Parameter random: from 0 to 1.
  mutating func asked(at now: Instant, changed: Bool, random: Double = .random(in: 0...1)) {
    self.vain = changed || !self.isWanted ? 0 : self.vain + 1
    self.lastAsked = now
    self.isWanted = false
    self.jitter = 0.8 + 0.4 * random
  }

  /// When to ask; `nil`: now, for the first time.
  var due: Instant? {
    guard let lastAsked else { return nil }
    let gap = min(Self.firstGap * (1 << min(self.vain, Self.maximumDoublings)), Self.longestGap)
    return lastAsked + (self.isWanted ? gap : max(gap, self.interval * self.jitter))
  }
}
