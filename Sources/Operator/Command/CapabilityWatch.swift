import KubernetesClient
import Logging
import ServiceLifecycle
import Synchronization

/// Finds out what the API server can do, and again from time to time: a Prometheus operator may be installed, and the
/// server be upgraded, while we run.
final class CapabilityWatch: Service {
  static let refreshInterval = Duration.seconds(600)
  /// As informers wait for a server that does not answer.
  static let backOff = ExponentialBackOff(base: .milliseconds(800), limit: .seconds(30))

  private struct State {
    var capabilities = Capabilities()
    var isKnown = false
  }

  private let discover: @Sendable () async throws(KubernetesError) -> APIDiscovery
  private let logger: Logger
  private let state = Mutex(State())
  private let changes = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

  init(logger: Logger, discover: @escaping @Sendable () async throws(KubernetesError) -> APIDiscovery) {
    self.logger = logger
    self.discover = discover
  }

  var current: Capabilities { state.withLock { $0.capabilities } }
  var isKnown: Bool { state.withLock { $0.isKnown } }

  /// Returns when the server has answered once. To be waited for by one task.
  func waitUntilKnown() async throws(CancellationError) {
    for await _ in changes.stream where isKnown { return }
    if !isKnown { throw CancellationError() }
  }

  func run() async throws {
    // Ends by cancellation: whatever was asked last is of no use any more.
    await cancelWhenGracefulShutdown {
      var failures = 0
      while !Task.isCancelled {
        failures = await self.refresh() ? 0 : failures + 1
        let delay = failures == 0 ? Self.refreshInterval : Self.backOff.delay(failures: failures)
        try? await Task.sleep(for: delay)
      }
    }
  }

  /// Returns false when the server did not answer: what was known stays.
  func refresh() async -> Bool {
    do {
      let discovery = try await discover()
      let capabilities = state.withLock { state in
        state.capabilities = state.capabilities.updated(by: discovery)
        state.isKnown = true
        return state.capabilities
      }
      changes.continuation.yield()
      logger.info("the API server's capabilities", metadata: capabilities.logMetadata(discovery))
      return true
    } catch {
      if !Task.isCancelled { logger.warning("cannot ask what the API server can do", metadata: ["error": "\(error)"]) }
      return false
    }
  }
}

extension Capabilities {
  fileprivate func logMetadata(_ discovery: APIDiscovery) -> Logger.Metadata {
    [
      "version": "\(discovery.version.map { "\($0.major).\($0.minor)" } ?? "unknown")",
      "disruption-budgets": "\(disruptionBudget?.apiVersion ?? "none")",
      "pod-monitors": "\(hasPodMonitors)",
    ]
  }
}
