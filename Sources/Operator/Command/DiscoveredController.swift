import ServiceLifecycle
import Synchronization

/// A controller that is made once it is known what the API server can do, and so what there is to watch.
final class DiscoveredController: Service {
  private let capabilities: CapabilityWatch
  private let make: @Sendable () -> Controller
  private let made = Mutex<Controller?>(nil)

  init(_ capabilities: CapabilityWatch, make: @escaping @Sendable () -> Controller) {
    self.capabilities = capabilities
    self.make = make
  }

  /// What is not known yet, as `/readyz` says it.
  var unsynced: [String] { made.withLock { $0?.unsynced } ?? ["the API server's versions"] }

  func run() async throws {
    let isKnown = await cancelWhenGracefulShutdown { (try? await self.capabilities.waitUntilKnown()) != nil }
    guard isKnown else { return }
    let controller = make()
    made.withLock { $0 = controller }
    try await controller.run()
  }
}
