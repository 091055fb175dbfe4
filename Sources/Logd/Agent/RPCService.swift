import Glibc
import Logging
import NIOCore
import ProgLogAPI
import RPCServer
import ServiceLifecycle

/// The gRPC API of a node.
struct RPCService: Service {
  let configuration: Configuration
  let replica: Replica
  let loops: any EventLoopGroup
  let board: ListenerBoard
  let logger: Logger

  func run() async throws {
    let listener = try await listen()
    board.post(.rpc, listener.address)
    try? await gracefulShutdown()
    listener.health.shutDown()
    try await listener.server.shutdown(deadline: .now() + TimeAmount(configuration.shutdownTimeout))
  }

  private struct Listener {
    var server: RPCServer
    var health: HealthService
    var address: HostPort
  }

  /// GetServers tells where the node listens, and with port 0 that is known only once it does. So the methods are made
  /// around an address that is filled in between: no call can come before, since the port is told to nobody.
  private func listen() async throws -> Listener {
    let advertised = AdvertisedAddress()
    let service = LogService(log: replica, nodeName: configuration.nodeName, advertisedAddress: advertised)
    let health = HealthService(statuses: ["": .serving, LogService.name: .serving])
    guard let descriptors = Base64.decode(FileDescriptors.base64) else {
      preconditionFailure("the generated file descriptors are not Base64: run 'make proto'")
    }
    let reflection = try ReflectionService(
      descriptorSets: [descriptors], services: [LogService.name, HealthService.name])
    let methods = service.methods
    let router = RPCRouter(methods + health.methods + reflection.methods)
    var limits = RPCServer.Configuration.defaults
    let wanted = HostPort(host: configuration.bindAddress.host, port: configuration.rpcPort)
    limits.listenAddresses = [.init(host: wanted.host, port: wanted.port)]
    // Room for the message around the largest record, and around the records of the largest batch, which take up to twice
    // as many bytes in a message.
    limits.maximumReceiveMessageBytes = max(
      limits.maximumReceiveMessageBytes, configuration.maximumRecordBytes + 1024,
      2 * configuration.maximumBatchBytes + 1024)
    let server = RPCServer(
      configuration: limits, router: router, observer: RPCMetrics(methods: methods), eventLoopGroup: loops,
      logger: logger)
    do {
      let bound = try await server.start()
      let address = HostPort(host: wanted.host, port: bound.first?.port ?? wanted.port)
      advertised.set(configuration.advertiseRPCAddress ?? address)
      return Listener(server: server, health: health, address: address)
    } catch let error as IOError {
      throw ListenError(
        what: "gRPC API", address: wanted, setting: .rpcPort, cause: String(cString: strerror(error.errnoCode)))
    }
  }
}
