import Glibc
import Logging
import NIOCore
import ProgLogAPI
import RPCServer
import Raft
import ServiceLifecycle

/// The RPC port of a node: its gRPC API, and the way of other nodes to it.
struct RPCService: Service {
  /// How long a node that is its cluster's only voter may take until it leads, before it says that it serves: two syncs, on a disk
  /// that may be slow.
  private static let soleVoterPatience = TimeAmount.seconds(30)

  let configuration: Configuration
  let security: NodeSecurity?
  let addresses: ClientAddresses
  let replica: Replica
  let peers: PeerConnections
  let loops: any EventLoopGroup
  let board: ListenerBoard
  let logger: Logger

  func run() async throws {
    let listener = try await listen()
    try await joinCluster()
    board.post(.rpc, listener.address)
    try? await gracefulShutdown()
    listener.health.shutDown()
    try await listener.server.shutdown(deadline: .now() + TimeAmount(configuration.shutdownTimeout))
  }

  /// A node that needs nobody else serves when it leads. Any other is there for its peers first.
  private func joinCluster() async throws {
    let led = replica.eventLoop.makePromise(of: Void.self)
    try await replica.eventLoop.submit {
      let status = replica.nodeStatus
      if configuration.bootstrap, status.configuration == nil { begin(status.clusterID ?? ClusterID.random()) }
      guard replica.nodeStatus.configuration?.voters == [replica.peer] else { return led.succeed() }
      let timer = replica.eventLoop.assumeIsolated().scheduleTask(in: Self.soleVoterPatience) { led.succeed() }
      replica.whenLed {
        timer.cancel()
        led.succeed()
      }
    }.get()
    try await led.futureResult.get()
  }

  private func begin(_ clusterID: String) {
    replica.bootstrap(clusterID: clusterID) { result in
      switch result {
      case .success: logger.notice("began a cluster", metadata: ["cluster": "\(clusterID)"])
      case .failure(let refusal):
        logger.error("no cluster was begun", metadata: ["cluster": "\(clusterID)", "why": "\(refusal)"])
      }
    }
  }

  private struct Listener {
    var server: RPCServer
    var health: HealthService
    var address: HostPort
  }

  private func listen() async throws -> Listener {
    let service = LogService(log: replica, addresses: addresses) { replica.nodeStatus.servers }
    let admin = AdminService(
      control: replica, fingerprints: { [security] in security?.tls.fingerprints }, addresses: addresses, logger: logger
    )
    let health = HealthService(statuses: ["": .serving, LogService.name: .serving, AdminService.name: .serving])
    guard let descriptors = Base64.decode(FileDescriptors.base64) else {
      preconditionFailure("the generated file descriptors are not Base64: run 'make proto'")
    }
    let reflection = try ReflectionService(
      descriptorSets: [descriptors], services: [LogService.name, AdminService.name, HealthService.name])
    let methods = service.methods + admin.methods
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
      configuration: limits, router: router, interceptors: security?.access.interceptors ?? [],
      observer: RPCMetrics(methods: methods), eventLoopGroup: loops, logger: logger)
    do {
      let multiplexer = PortMultiplexer(peers: peers, security: security, logger: logger)
      let bound = try await server.start(onAccept: multiplexer.accept)
      // With port 0 it is known only now. No call can come before, since the port is told to nobody.
      let address = HostPort(host: wanted.host, port: bound.first?.port ?? wanted.port)
      let advertised = configuration.advertiseRPCAddress ?? address
      try await replica.eventLoop.submit { replica.begin(address: advertised.description, transport: peers) }.get()
      return Listener(server: server, health: health, address: address)
    } catch let error as IOError {
      throw ListenError(
        what: "gRPC API", address: wanted, setting: .rpcPort, cause: String(cString: strerror(error.errnoCode)))
    }
  }
}
