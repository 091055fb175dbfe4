import NIOCore
private import ProgLogAPI
import SwiftProtobuf
import Synchronization

/// One call of `Watch`. Changes that come faster than the event loop turns are merged into the last one.
final class HealthWatcher: Sendable {
  private struct Pending {
    var status: HealthService.Status?
    var isScheduled = false
  }

  private let handle: RPCCall.Handle
  private let pending = Mutex(Pending())

  init(call: RPCCall) { handle = call.handle }

  /// From any thread. `nil` is a service that is not known.
  func update(_ status: HealthService.Status?) {
    let mustSchedule = pending.withLock { pending in
      defer { pending.isScheduled = true }
      pending.status = status
      return !pending.isScheduled
    }
    guard mustSchedule else { return }
    handle.execute { call in
      let status = self.pending.withLock { pending in
        pending.isScheduled = false
        return pending.status
      }
      self.send(status, to: call)
    }
  }

  /// On the event loop of `call`.
  func send(_ status: HealthService.Status?, to call: RPCCall) {
    call.send(Self.response(status))
  }

  static func response(_ status: HealthService.Status?) -> ByteBuffer {
    var response = Grpc_Health_V1_HealthCheckResponse()
    switch status {
    case .serving: response.status = .serving
    case .notServing: response.status = .notServing
    case nil: response.status = .serviceUnknown
    }
    do {
      return ByteBuffer(bytes: try response.serializedBytes() as [UInt8])
    } catch {
      preconditionFailure("a message of one enum failed to serialise: \(error)")
    }
  }
}
