import Hummingbird
import NIOCore
import Telemetry

/// `/livez`, `/readyz`, `/startupz` and `/metrics`: plaintext and no data, for kubelets and Prometheus.
struct OpsAPI {
  let health: NodeHealth
  let metrics: PrometheusRegistry

  func addRoutes(to router: Router<BasicRequestContext>) {
    router.get("/livez") { _, _ in response(health.liveness(now: .now)) }
    router.get("/readyz") { _, _ in response(health.readiness()) }
    router.get("/startupz") { _, _ in response(health.startup()) }
    router.get("/metrics") { _, _ in
      Response(
        status: .ok, headers: [.contentType: PrometheusRegistry.contentType],
        body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.expose())))
    }
  }

  private func response(_ answer: ProbeAnswer) -> Response {
    switch answer {
    case .passing: text(.ok, "ok\n")
    case .failing(let why): text(.serviceUnavailable, "\(why)\n")
    }
  }

  private func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
    Response(
      status: status, headers: [.contentType: "text/plain; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
