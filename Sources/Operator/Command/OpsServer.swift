import Hummingbird
import Logging
import Telemetry

/// What the kubelet and Prometheus ask of the operator itself.
enum OpsServer {
  /// - Parameter unsynced: the collections that are not yet in the caches.
  static func make(
    at address: ListenAddress, registry: PrometheusRegistry, logger: Logger,
    unsynced: @escaping @Sendable () -> [String]
  ) -> some ApplicationProtocol {
    let router = Router()
    // Whether the process answers at all. A cluster that cannot be reached is not cured by a restart.
    router.get("livez") { _, _ in "ok\n" }
    router.get("readyz") { _, _ -> Response in
      let missing = Set(unsynced()).sorted()
      guard !missing.isEmpty else { return text("ok\n") }
      return text("not yet listed: \(missing.joined(separator: ", "))\n", status: .serviceUnavailable)
    }
    router.get("metrics") { _, _ in text(registry.expose(), type: PrometheusRegistry.contentType) }
    return Application(
      router: router,
      configuration: .init(address: .hostname(address.host, port: address.port), serverName: nil), logger: logger)
  }

  private static func text(
    _ body: String, status: HTTPResponse.Status = .ok, type: String = "text/plain; charset=utf-8"
  ) -> Response {
    Response(
      status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
  }
}
