import NIOCore
private import ProgLogAPI
import SwiftProtobuf
import Synchronization

/// `grpc.health.v1.Health`: the status of each service, settable from any thread; `""` is the server as a whole.
package final class HealthService: Sendable {
  package static let name = "grpc.health.v1.Health"

  package enum Status: Sendable {
    case serving
    case notServing
  }

  private struct State {
    var statuses: [String: Status]
    var isShutDown = false
    var watchers: [String: [ObjectIdentifier: HealthWatcher]] = [:]
  }

  private let state: Mutex<State>

  package init(statuses: [String: Status] = ["": .serving]) {
    state = Mutex(State(statuses: statuses))
  }

  /// The methods to register with a router.
  package var methods: [RPCMethod] {
    [
      .unary("/grpc.health.v1.Health/Check") { self.check($0, $1) },
      .serverStreaming("/grpc.health.v1.Health/Watch") { self.watch($0, $1) },
    ]
  }

  /// Sets the status of `service`; `nil` forgets it. Without effect after `shutDown`.
  package func set(_ status: Status?, for service: String) {
    let watchers = state.withLock { state -> [HealthWatcher] in
      guard !state.isShutDown else { return [] }
      state.statuses[service] = status
      return Array(state.watchers[service, default: [:]].values)
    }
    for watcher in watchers { watcher.update(status) }
  }

  /// NOT_SERVING for every service, for good: load balancers turn away before the server stops.
  package func shutDown() {
    let updates = state.withLock { state -> [(HealthWatcher, Status)] in
      state.isShutDown = true
      for service in state.statuses.keys { state.statuses[service] = .notServing }
      return state.watchers.flatMap { service, watchers in
        state.statuses[service] == nil ? [] : watchers.values.map { ($0, .notServing) }
      }
    }
    for (watcher, status) in updates { watcher.update(status) }
  }

  private func check(_ request: ByteBuffer, _ call: RPCCall) {
    guard let service = service(request, call) else { return }
    guard let status = state.withLock({ $0.statuses[service] }) else {
      return call.finish(RPCStatus(.notFound, "unknown service \"\(service)\""))
    }
    call.respond(HealthWatcher.response(status))
  }

  private func watch(_ request: ByteBuffer, _ call: RPCCall) {
    guard let service = service(request, call) else { return }
    let watcher = HealthWatcher(call: call)
    let id = ObjectIdentifier(watcher)
    let status = state.withLock { state in
      state.watchers[service, default: [:]][id] = watcher
      return state.statuses[service]
    }
    watcher.send(status, to: call)
    let remove = {
      self.state.withLock { state in
        state.watchers[service]?[id] = nil
        if state.watchers[service]?.isEmpty == true { state.watchers[service] = nil }
      }
    }
    call.onCancel = { _ in remove() }
    call.onDrain = { [unowned call] in
      remove()
      call.finish(RPCStatus(.unavailable, "the server is shutting down"))
    }
  }

  private func service(_ request: ByteBuffer, _ call: RPCCall) -> String? {
    do {
      return try Grpc_Health_V1_HealthCheckRequest(serializedBytes: Array(request.readableBytesView)).service
    } catch {
      call.finish(RPCStatus(.internal, "the request is no grpc.health.v1.HealthCheckRequest: \(error)"))
      return nil
    }
  }
}
