import AsyncHTTPClient
import CoreMetrics
import FoundationEssentials
import NIOCore
import NIOHTTP1
import Synchronization

/// One request to the API server, before credentials.
struct APIRequest: Sendable {
  var method: HTTPMethod
  var path: String
  var query: [(name: String, value: String)] = []
  var body: JSONValue?
  var contentType = "application/json"

  /// Path and query as the request line has them.
  var target: String {
    let pairs = query.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
    return pairs.isEmpty ? path : "\(path)?\(pairs.joined(separator: "&"))"
  }
}

extension RESTClient {
  /// Sends a request and returns the whole answer. Anything but 2xx is thrown.
  func send(_ request: APIRequest) async throws(KubernetesError) -> JSONValue {
    try await waitForTurn()
    return try await withTimeLimit(options.requestTimeout) { () throws(KubernetesError) in
      let response = try await self.open(request, with: self.requests)
      return try JSONCoding.decode(try await Self.collect(response.body, upTo: self.options.maximumBodyBytes))
    }
  }

  /// Sends a request and returns with the head of a 2xx answer. After a 401 it tries once more if there
  /// are other credentials now.
  func open(_ request: APIRequest, with client: HTTPClient) async throws(KubernetesError) -> HTTPClientResponse {
    let first = try await credentials.current()
    let response = try await exchange(request, first, client)
    guard response.status == .unauthorized, try await credentials.isReplaced(first) else {
      return try await successful(response)
    }
    return try await successful(try await exchange(request, try await credentials.current(), client))
  }

  private func exchange(
    _ request: APIRequest, _ credentials: CredentialCache.Credentials, _ client: HTTPClient
  ) async throws(KubernetesError) -> HTTPClientResponse {
    let start = ContinuousClock.now
    do {
      let response = try await client.execute(
        try httpRequest(request, credentials), timeout: TimeAmount(options.requestTimeout))
      measure(request, code: "\(response.status.code)", since: start)
      return response
    } catch let error as KubernetesError {
      throw error
    } catch {
      measure(request, code: "<error>", since: start)
      throw Self.transportError(error, "\(request.method) \(request.path)")
    }
  }

  private func httpRequest(
    _ request: APIRequest, _ credentials: CredentialCache.Credentials
  ) throws(KubernetesError) -> HTTPClientRequest {
    let server = configuration.server
    // With `tls-server-name` the URL has that name, which TLS then checks; `dnsOverride` leads to the real host.
    var named = server
    if let name = configuration.tlsServerName { named.host = name }
    var request = request
    if options.isDryRun, request.method != .GET { request.query.append(("dryRun", "All")) }
    var http = HTTPClientRequest(url: "\(named)\(request.target)")
    http.method = request.method
    http.headers.add(name: "Host", value: server.authority)
    http.headers.add(name: "Accept", value: "application/json")
    http.headers.add(name: "User-Agent", value: options.userAgent)
    if let token = credentials.token { http.headers.add(name: "Authorization", value: "Bearer \(token)") }
    if let body = request.body {
      http.headers.add(name: "Content-Type", value: request.contentType)
      http.body = .bytes(try JSONCoding.encode(body))
    }
    http.tlsConfiguration = credentials.tls
    return http
  }

  /// Passes a 2xx answer on and throws the `Status` of any other.
  private func successful(_ response: HTTPClientResponse) async throws(KubernetesError) -> HTTPClientResponse {
    if (200..<300).contains(response.status.code) { return response }
    let body = try? await Self.collect(response.body, upTo: Self.maximumStatusBytes)
    let json = body.flatMap { try? JSONCoding.decode($0) } ?? nil
    let seconds = response.headers.first(name: "Retry-After").flatMap(Int.init)
    throw .status(
      APIStatus(json, httpStatus: Int(response.status.code), retryAfter: seconds.map { .seconds($0) }))
  }

  /// A `Status` is short; whatever a proxy says beyond this is of no use.
  private static let maximumStatusBytes = 1 << 20

  private static func collect(
    _ body: HTTPClientResponse.Body, upTo limit: Int
  ) async throws(KubernetesError) -> ByteBuffer {
    do {
      return try await body.collect(upTo: limit)
    } catch is NIOTooManyBytesError {
      throw .malformed("an answer of more than \(limit) bytes")
    } catch {
      throw transportError(error, "the answer")
    }
  }

  static func transportError(_ error: any Error, _ what: String) -> KubernetesError {
    switch error as? HTTPClientError {
    case .readTimeout?: .transport("\(what): nothing came for too long")
    case .deadlineExceeded?: .transport("\(what): no answer in time")
    default: .transport("\(what): \(error is CancellationError ? "cancelled" : "\(error)")")
    }
  }

  private func waitForTurn() async throws(KubernetesError) {
    let delay = limiter.withLock { $0.reserve(now: .now) }
    guard delay > .zero else { return }
    do {
      try await Task.sleep(for: delay)
    } catch {
      throw .transport("cancelled while the request waited for its turn")
    }
  }

  /// By the names of client-go, which dashboards know.
  private func measure(_ request: APIRequest, code: String, since start: ContinuousClock.Instant) {
    let method = request.method.rawValue
    Counter(
      label: "rest_client_requests_total", dimensions: [("method", method), ("code", code)], factory: metrics
    ).increment()
    Timer(label: "rest_client_request_duration_seconds", dimensions: [("verb", method)], factory: metrics)
      .recordNanoseconds(Int64(start.duration(to: .now) / .nanoseconds(1)))
  }
}
