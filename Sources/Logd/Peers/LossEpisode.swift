/// When the core hears that entries for a peer may be lost. It then begins to probe, and the probe may be lost as well:
/// to report each loss would be an endless loop. So it hears of a connection that broke, of the first message that is
/// dropped and of none of those after it, and, if there were any, of the connection that can take messages again.
struct LossEpisode: Hashable, Sendable {
  enum Event: Hashable, Sendable {
    case sent
    case dropped
    /// A connection that messages were sent by is gone.
    case broken
    /// There is a new connection.
    case ready
  }

  /// Whether what is lost now was reported already.
  private(set) var isReported = false

  /// - Returns: whether to report.
  mutating func step(_ event: Event) -> Bool {
    switch event {
    case .sent:
      isReported = false
      return false
    case .dropped:
      defer { isReported = true }
      return !isReported
    case .broken:
      isReported = true
      return true
    case .ready:
      defer { isReported = false }
      return isReported
    }
  }
}
