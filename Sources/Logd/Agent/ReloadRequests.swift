import Certificates

/// Asks for a look at the files that may change while a node runs: when it is time, and when somebody sends SIGHUP.
package final class ReloadRequests: Sendable {
  /// More than one of a kind in a row are worth one look; these are for a look that takes its time.
  private static let maximumWaiting = 4

  let triggers: AsyncStream<ReloadTrigger>
  private let continuation: AsyncStream<ReloadTrigger>.Continuation

  package init() {
    (triggers, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.maximumWaiting))
  }

  func request(_ trigger: ReloadTrigger) { continuation.yield(trigger) }

  /// Ends `triggers`.
  func finish() { continuation.finish() }
}
