import Glibc

/// A member that did not answer, and the time it has to say that it is well (SWIM §4.2).
///
/// The time is long at first and shortened by each other member that suspects it too (Lifeguard §IV-B): a node whose
/// own receiving is slow gets no confirmation, and waits for the refutation that it has not read yet.
struct SuspicionTimer: Hashable, Sendable {
  /// Those who suspect it, the first not counted.
  private(set) var confirmations = 0
  private var accusers: Set<MemberName>
  /// k: so many confirmations bring the time down to the least.
  let wanted: Int
  let minimum: Duration
  let maximum: Duration
  private var start: GossipInstant

  init(by accuser: MemberName, wanted: Int, minimum: Duration, maximum: Duration, at now: GossipInstant) {
    accusers = [accuser]
    self.wanted = wanted
    self.minimum = minimum
    self.maximum = maximum
    start = now
  }

  /// Whether that is news: from another member, and still wanted.
  mutating func confirm(by accuser: MemberName) -> Bool {
    guard confirmations < wanted, accusers.insert(accuser).inserted else { return false }
    confirmations += 1
    return true
  }

  /// When it is taken for dead.
  var deadline: GossipInstant { start + timeout }

  var timeout: Duration {
    guard wanted > 0 else { return minimum }
    let share = log(Double(confirmations) + 1) / log(Double(wanted) + 1)
    return max(maximum - (maximum - minimum) * share, minimum)
  }

  /// A time in which this node was not run does not count.
  mutating func extend(by pause: Duration) { start = start + pause }

  /// α · log10(n) intervals, and no less than for ten members.
  static func minimumTimeout(multiplier: Int, members: Int, interval: Duration) -> Duration {
    interval * (Double(multiplier) * max(1, log10(Double(max(members, 1)))))
  }
}
