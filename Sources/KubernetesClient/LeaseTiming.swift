/// The times of a lease election.
package struct LeaseTiming: Sendable, Hashable {
  /// How long after it last saw a lease change a standby takes it.
  package let leaseDuration: Duration
  /// How long after its last renewal a holder still believes that it leads.
  package let renewDeadline: Duration
  /// Between two renewals, and between two looks of a standby.
  package let retryPeriod: Duration

  /// The share of `retryPeriod` by which the looks of standbys are spread.
  static let jitter = 0.2

  /// A lost request must leave time for another one before the deadline.
  var requestTimeout: Duration { renewDeadline / 2 }

  package init(leaseDuration: Duration, renewDeadline: Duration, retryPeriod: Duration) {
    precondition(
      leaseDuration > renewDeadline && renewDeadline > retryPeriod && retryPeriod > .zero,
      "a lease of \(leaseDuration), renewed within \(renewDeadline) every \(retryPeriod), is not safe")
    self.leaseDuration = leaseDuration
    self.renewDeadline = renewDeadline
    self.retryPeriod = retryPeriod
  }

  /// Those of Kubernetes' own controllers. After a holder was killed another leads within 15 s and two looks.
  package static let defaults = LeaseTiming(
    leaseDuration: .seconds(15), renewDeadline: .seconds(10), retryPeriod: .seconds(2))
}
