import KubernetesClient
import ServiceLifecycle

/// The election as a service. It throws when the lease is lost, which ends the group and with it the process.
///
/// It must stand before the controller in the group: services are stopped from the last to the first, and the lease is
/// given back when the controller is through with the step at hand.
struct LeaderService: Service {
  let elector: LeaderElector

  func run() async throws {
    try await withGracefulShutdownHandler {
      try await elector.run()
    } onGracefulShutdown: {
      elector.stop()
    }
  }
}
