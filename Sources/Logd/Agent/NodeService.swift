import Certificates
import CommitLog
import Gossip
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ProgLogClient
import RPCServer
import Raft
import ServiceLifecycle

/// The node proper: opens the log, then serves it until it is told to stop.
struct NodeService: Service {
  /// Threads that may wait for the disk while consumers read.
  private static let readerThreads = 2

  let configuration: Configuration
  let health: NodeHealth
  let board: ListenerBoard
  let reloads: ReloadRequests
  let logger: Logger

  func run() async throws {
    let security = try await NodeSecurity.load(configuration, logger: logger)
    let membership = Membership(configuration: configuration, logger: logger)
    let gossip = try membership.gossipConfiguration()
    // One loop: a produce call goes from its socket to the log without a hop.
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let readers = NIOThreadPool(numberOfThreads: Self.readerThreads)
    readers.start()
    do {
      try await serve(on: loops, readers: readers, security, membership, gossip)
    } catch {
      try? await readers.shutdownGracefully()
      try? await loops.shutdownGracefully()
      throw error
    }
    try await readers.shutdownGracefully()
    try await loops.shutdownGracefully()
  }

  private func serve(
    on loops: MultiThreadedEventLoopGroup, readers: NIOThreadPool, _ security: NodeSecurity?, _ membership: Membership,
    _ gossip: GossipConfiguration
  ) async throws {
    let loop = loops.next()
    let heartbeat = loop.scheduleRepeatedTask(initialDelay: .zero, delay: .seconds(1)) { [health] _ in
      health.beat(now: .now)
    }
    defer { heartbeat.cancel() }
    let log = try await openLog(on: readers)
    let replica = try await loop.submit {
      try Replica.start(
        name: NodeID(configuration.nodeName), log: log, configuration: configuration.replica, eventLoop: loop,
        readers: readers, metrics: ReplicaMetrics(), health: health.cluster, logger: logger)
    }.get()
    let looks = try await loop.submit {
      loop.scheduleRepeatedTask(initialDelay: .zero, delay: .seconds(1)) { _ in replica.look() }
    }.get()
    defer { looks.cancel() }
    let retention = Retention(
      replica: replica, policy: configuration.retention, interval: TimeAmount(configuration.retentionInterval),
      logger: logger)
    let retentionTask = try await loop.submit { retention.start() }.get()
    defer { retentionTask.cancel() }

    let router = Router(context: APIRequestContext.self)
    router.middlewares.add(MetricsMiddleware())
    let addresses = ClientAddresses(
      path: configuration.clientAddressesFile,
      ownHost: (configuration.advertiseRPCAddress ?? configuration.bindAddress).host)
    let addressReloader = ClientAddressReloader(addresses: addresses, readers: readers, logger: logger)
    await addressReloader.look(.poll)
    RecordsAPI(log: replica, access: security?.access, addresses: addresses).addRoutes(to: router)
    let http = HTTPListener(
      responder: router.buildResponder(), tls: security?.tls,
      address: HostPort(host: configuration.bindAddress.host, port: configuration.httpPort),
      what: "HTTP API", setting: .httpPort, shutdownTimeout: configuration.shutdownTimeout, logger: logger
    ) { [board] in board.post(.http, $0) }
    let peers = try await loop.submit { [configuration, logger] in
      let peers = PeerConnections(
        identity: PeerIdentity(peer: replica.peer, clusterID: log.metadata.clusterID, address: ""), eventLoop: loop,
        configuration: configuration.peers(for: log), tls: security?.tls, logger: logger)
      peers.events = replica
      return peers
    }.get()
    let rpc = RPCService(
      configuration: configuration, security: security, addresses: addresses, replica: replica, peers: peers,
      loops: loops, board: board, logger: logger)
    let contact = GossipContact()
    var services: [any Service] = [
      ReplicaService(replica: replica, peers: peers),
      membership.service(control: replica, gossip: gossip, contact: contact, eventLoop: loop),
      APIService(rpc: rpc, http: http),
    ]
    // In managed mode nobody but an administrator makes members.
    if !configuration.startJoinAddresses.isEmpty, configuration.membership == .auto {
      services.append(
        Joiner(
          control: replica,
          addresses: try configuration.startJoinAddresses.map { try NodeAddress(parsing: $0.description) },
          security: configuration.clientSecurity, isSeenInGossip: { contact.isMade },
          logger: logger))
    }
    services.append(FileReloader(security: security, addresses: addressReloader, requests: reloads))
    services.append(LeadershipService(replica: replica))
    // Stopped from the last to the first: leadership is handed over, then there are no new calls, then the others are told in gossip,
    // then there are no more records, then the log is closed.
    try await ServiceGroup(configuration: .init(services: services, logger: logger.quietened())).run()
  }

  private func openLog(on readers: NIOThreadPool) async throws -> Log {
    try await readers.runIfActive { [configuration, logger] in
      let start = ContinuousClock.now
      let log = try Log(
        directory: configuration.dataDirectory,
        configuration: Log.Configuration(
          maximumStoreBytes: configuration.maximumStoreBytes, maximumIndexBytes: configuration.maximumIndexBytes,
          preallocationBytes: configuration.preallocationBytes, tailCacheBytes: configuration.tailCacheBytes))
      for line in log.recovery.lines { logger.notice("recovery: \(line)") }
      logger.info(
        log.recovery.created ? "log created" : "log opened",
        metadata: [
          "data_dir": "\(configuration.dataDirectory)", "start_offset": "\(log.startOffset)",
          "end_offset": "\(log.flushedEnd.nextOffset)", "seconds": "\((ContinuousClock.now - start).inSeconds)",
        ])
      return log
    }
  }
}

/// Both APIs: they stop side by side, so that a slow client of one does not hold up the other.
struct APIService: Service {
  let rpc: RPCService
  let http: HTTPListener<APIRequestContext>

  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await rpc.run() }
      tasks.addTask { try await http.run() }
      // Not `waitForAll`, which waits for the second before it throws what ended the first.
      while try await tasks.next() != nil {}
    }
  }
}

/// Keeps the replica until the group stops, then drains and closes it, and its connections to others.
struct ReplicaService: Service {
  let replica: Replica
  let peers: PeerConnections

  func run() async throws {
    try? await gracefulShutdown()
    try await replica.shutDown()
    try await replica.eventLoop.flatSubmit { peers.stop() }.get()
  }
}

/// Hands leadership over before this node stops, so that its callers have another leader at once.
struct LeadershipService: Service {
  let replica: Replica

  func run() async throws {
    try? await gracefulShutdown()
    await replica.handOver()
  }
}

extension Configuration {
  /// Of this node as a client of others: it shows what it shows them as a peer.
  fileprivate var clientSecurity: ClientSecurity {
    guard let server = serverTLS, let peer = peerTLS else { return .plaintext }
    return .tls(
      TLSFiles(authorities: server.authorities, certificate: peer.certificate, privateKey: peer.key))
  }

  fileprivate var raft: Raft.Settings {
    var settings = Raft.Settings()
    settings.electionTimeout = electionTimeout
    settings.heartbeatInterval = heartbeatInterval
    return settings
  }

  fileprivate var replica: Replica.Configuration {
    Replica.Configuration(
      maximumRecordBytes: maximumRecordBytes, maximumProducerBatchBytes: maximumBatchBytes, raft: raft)
  }

  fileprivate func peers(for log: Log) -> PeerConnections.Configuration {
    PeerConnections.Configuration(
      electionTimeout: electionTimeout,
      maximumFrameBytes: PeerConnections.Configuration.maximumFrameBytes(
        messageBytes: raft.maximumMessageBytes, batchBytes: log.configuration.maximumBatchBytes,
        stateBytes: DerivedState.maximumReplicaBytes),
      maximumInflightBytes: raft.maximumInflightBytes)
  }
}

extension Duration {
  fileprivate var inSeconds: Double { self / .seconds(1) }
}
