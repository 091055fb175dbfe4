import Logging

/// What all connections of a server share.
struct RPCServerEnvironment: Sendable {
  let configuration: RPCServer.Configuration
  let router: RPCRouter
  let interceptors: [RPCInterceptor]
  let observer: (any RPCObserver)?
  let logger: Logger
}
