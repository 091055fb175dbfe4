import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// One HTTP server of a node.
struct HTTPListener<Context: RequestContext>: Service where Context.Source == ApplicationRequestContextSource {
  let responder: RouterResponder<Context>
  /// nil: plaintext.
  var tls: NodeTLS?
  let address: HostPort
  /// What it serves, and which setting chose its port: for the error that says that the port is taken.
  let what: String
  let setting: SettingKey
  /// How long requests in flight may take to end once a stop was asked for.
  let shutdownTimeout: Duration
  let logger: Logger
  let onListening: @Sendable (HostPort) -> Void

  func run() async throws {
    let application = Application(
      responder: responder, server: server,
      configuration: ApplicationConfiguration(address: .hostname(address.host, port: address.port), serverName: "logd"),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? address.port
        onListening(HostPort(host: address.host, port: port))
      }, logger: logger.quietened())
    do {
      try await runUntilStopped(application)
    } catch let error as IOError {
      throw ListenError(
        what: what, address: address, setting: setting, cause: String(cString: strerror(error.errnoCode)))
    }
  }
}

extension HTTPListener {
  private var server: HTTPServerBuilder {
    guard let tls else { return .http1() }
    return HTTPServerBuilder { SecuredHTTPChannel(base: HTTP1Channel(responder: $0), tls: tls) }
  }

  /// A stop lets requests end, but not for ever: one whose body never comes would hold the node up.
  private func runUntilStopped(_ application: some ApplicationProtocol) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      // Not `runService()`: signals are the agent's.
      tasks.addTask { try await application.run() }
      tasks.addTask {
        try await gracefulShutdown()
        try await Task.sleep(for: shutdownTimeout)
        logger.warning("requests did not end in time: closing their connections", metadata: ["what": "\(what)"])
      }
      try await tasks.next()
      tasks.cancelAll()
    }
  }
}

/// A port that could not be had.
struct ListenError: Error, CustomStringConvertible {
  var what: String
  var address: HostPort
  var setting: SettingKey
  var cause: String

  var description: String {
    "cannot listen on \(address) for the \(what): \(cause); "
      + "choose another address with --\(SettingKey.bindAddress.rawValue) or --\(setting.rawValue)"
  }
}
