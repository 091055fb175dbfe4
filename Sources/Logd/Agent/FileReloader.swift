import Certificates
import NIOPosix
import ServiceLifecycle

/// Looks at the files that may change while the node runs, one look at a time.
struct FileReloader: Service {
  /// nil: the node speaks plaintext.
  let security: NodeSecurity?
  let addresses: ClientAddressReloader
  let requests: ReloadRequests

  func run() async throws {
    await withGracefulShutdownHandler {
      await withTaskGroup { tasks in
        tasks.addTask { await lookNowAndThen() }
        await lookWhenAsked()
        tasks.cancelAll()
      }
    } onGracefulShutdown: {
      requests.finish()
    }
  }

  private func lookNowAndThen() async {
    while (try? await Task.sleep(for: ReloadableTLS.defaultInterval)) != nil { requests.request(.poll) }
  }

  private func lookWhenAsked() async {
    var reloader = security.map {
      SecurityReloader(security: $0, readers: addresses.readers, logger: addresses.logger)
    }
    for await trigger in requests.triggers {
      await reloader?.look(trigger)
      await addresses.look(trigger)
    }
  }
}
