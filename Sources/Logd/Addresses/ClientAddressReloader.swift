import Certificates
import CoreMetrics
import Logging
import NIOPosix

/// Takes up new addresses, and says so.
struct ClientAddressReloader {
  let addresses: ClientAddresses
  /// Threads that may wait for the disk.
  let readers: NIOThreadPool
  let logger: Logger
  private let failures = Counter(label: "proglog_client_addresses_failed_reloads_total")

  init(addresses: ClientAddresses, readers: NIOThreadPool, logger: Logger) {
    self.addresses = addresses
    self.readers = readers
    self.logger = logger
  }

  func look(_ trigger: ReloadTrigger) async {
    switch try? await readers.runIfActive({ [addresses] in addresses.reload(isAsked: trigger == .asked) }) {
    case .replaced(let book):
      logger.notice("clients' addresses read: callers are told these", metadata: ["members": "\(book.memberCount)"])
    case .failed(let error, let isNew):
      if isNew { failures.increment() }
      logger.error("clients' addresses not read: those in force stay", metadata: ["error": "\(error)"])
    case .unchanged where trigger == .asked: logger.info("clients' addresses are what they were")
    case .unchanged, nil: break
    }
  }
}
