import AsyncHTTPClient
package import CoreMetrics
package import Logging
import NIOCore
import Synchronization

/// The API server over HTTP. One for each process; `shutdown` closes its connections.
package final class RESTClient: KubernetesAPI {
  package let configuration: ClusterConfiguration
  let options: Options
  let logger: Logger
  let metrics: any MetricsFactory
  let credentials: CredentialCache
  /// Lists, reads and writes.
  let requests: HTTPClient
  /// Watches have connections of their own, so that many of them never keep a short request waiting.
  let watches: HTTPClient
  let limiter: Mutex<TokenBucket>

  package init(
    _ configuration: ClusterConfiguration, options: Options = .defaults, logger: Logger,
    metrics: any MetricsFactory = MetricsSystem.factory
  ) throws(KubernetesError) {
    self.configuration = configuration
    self.options = options
    self.logger = logger
    self.metrics = metrics
    credentials = try CredentialCache(
      configuration,
      exec: configuration.execPlugin.map { ExecCredentialSource($0, for: configuration, logger: logger) },
      maximumAge: options.credentialLifetime, logger: logger)
    limiter = Mutex(TokenBucket(rate: options.requestsPerSecond, burst: options.burst))
    requests = Self.httpClient(
      configuration, readTimeout: options.requestTimeout, connections: options.requestConnections)
    watches = Self.httpClient(
      configuration, readTimeout: options.watchIdleTimeout, connections: options.watchConnections)
  }

  /// Ends every request and closes the connections; the client is of no use afterwards.
  package func shutdown() async {
    for client in [requests, watches] {
      do {
        try await client.shutdown()
      } catch {
        logger.debug("the HTTP client was shut down already", metadata: ["error": "\(error)"])
      }
    }
  }

  private static func httpClient(
    _ configuration: ClusterConfiguration, readTimeout: Duration, connections: Int
  ) -> HTTPClient {
    var settings = HTTPClient.Configuration()
    // HTTP/2 has no ping here: one dead connection would time out every request until TCP gives up after 15 minutes
    // (kubernetes/client-go#374). An HTTP/1.1 connection whose request timed out is closed.
    settings.httpVersion = .http1Only
    settings.redirectConfiguration = .disallow  // A bearer token follows no redirect.
    settings.timeout = .init(connect: .seconds(10), read: TimeAmount(readTimeout))
    // A refused connection or certificate is told at once; whoever asked knows how long to wait.
    settings.connectionPool.retryConnectionEstablishment = false
    settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
    if let name = configuration.tlsServerName {
      settings.dnsOverride = [name: configuration.server.host]
    }
    if let proxy = configuration.proxy {
      settings.proxy = .server(host: proxy.host, port: proxy.port)
    }
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
  }
}
