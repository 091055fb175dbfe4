import Synchronization

/// Where clients reach this node's gRPC API, once that is known.
final class AdvertisedAddress: Sendable {
  private let address = Mutex<HostPort?>(nil)

  func set(_ address: HostPort) { self.address.withLock { $0 = address } }

  /// Empty until it is known.
  var text: String { address.withLock { $0?.description ?? "" } }
}
