import CoreMetrics
import NIOCore
import RPCServer
import Synchronization

/// Counts calls by the names that gRPC's Prometheus middleware made common.
final class RPCMetrics: RPCObserver {
  /// The metrics of one method, made once: a call must not look any up by name.
  private final class MethodMetrics: Sendable {
    let started: Counter
    let received: Counter
    let sent: Counter
    let duration: CoreMetrics.Timer
    /// By code. All from the start, so that a rate over them begins at 0 and not at the first failure.
    let handled: [Counter]

    init(path: String) {
      let parts = path.split(separator: "/")
      let labels = [("grpc_service", String(parts.first ?? "")), ("grpc_method", String(parts.last ?? ""))]
      started = Counter(label: "grpc_server_started_total", dimensions: labels)
      received = Counter(label: "grpc_server_msg_received_total", dimensions: labels)
      sent = Counter(label: "grpc_server_msg_sent_total", dimensions: labels)
      duration = CoreMetrics.Timer(label: "grpc_server_handling_seconds", dimensions: labels)
      handled = RPCStatus.Code.allCases.map {
        Counter(label: "grpc_server_handled_total", dimensions: labels + [("grpc_code", Self.name($0))])
      }
    }

    /// The code as grpc-go writes it, whose dashboards people have: `OK`, `OutOfRange`, …
    private static func name(_ code: RPCStatus.Code) -> String {
      let name = "\(code)"
      return code == .ok ? "OK" : name.prefix(1).uppercased() + name.dropFirst()
    }
  }

  /// By identity, for four look-ups by path would come with each call; the methods are held, lest another takes the place of
  /// one in memory.
  private let methods: [ObjectIdentifier: (method: RPCMethod, metrics: MethodMetrics)]
  private let unknown = MethodMetrics(path: "/unknown/unknown")
  private let connections = Gauge(label: "grpc_server_connections")
  private let openConnections = Atomic<Int>(0)

  /// - Parameter methods: those that the server routes to; any other is counted as unknown.
  init(methods: [RPCMethod]) {
    self.methods = Dictionary(
      uniqueKeysWithValues: methods.map { (ObjectIdentifier($0), ($0, MethodMetrics(path: $0.path))) })
  }

  private func metrics(_ method: RPCMethod?) -> MethodMetrics {
    method.flatMap { methods[ObjectIdentifier($0)]?.metrics } ?? unknown
  }

  func connectionOpened() {
    connections.record(openConnections.wrappingAdd(1, ordering: .relaxed).newValue)
  }

  func connectionClosed() {
    connections.record(openConnections.wrappingSubtract(1, ordering: .relaxed).newValue)
  }

  func callStarted(_ method: RPCMethod?) { metrics(method).started.increment() }
  func messageReceived(_ method: RPCMethod, bytes: Int) { metrics(method).received.increment() }
  func messageSent(_ method: RPCMethod, bytes: Int) { metrics(method).sent.increment() }

  func callFinished(_ method: RPCMethod?, code: RPCStatus.Code, duration: TimeAmount) {
    let metrics = metrics(method)
    metrics.duration.recordNanoseconds(duration.nanoseconds)
    metrics.handled[code.rawValue].increment()
  }
}
