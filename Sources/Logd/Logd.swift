import ArgumentParser
import FoundationEssentials
import Glibc
import Logging
import Telemetry

/// The command line of the log server.
@main
struct Logd: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logd",
    abstract: "Run a node of the ProgLog commit log.",
    discussion: """
      With --bootstrap alone, logd is a useful single node: it keeps its log in ./proglog-data, listens on loopback and
      prints what to type next. Nodes that are started with --start-join-addrs join it and make it a cluster.

      Every flag can also be given as an environment variable (--rpc-port as LOGD_RPC_PORT) or as a key of the YAML
      file that --config-file names (rpc-port: 8400). Flags win over variables, variables over the file.

      Sizes are bytes, or a number with KiB, MiB or GiB. Durations are a number with ms, s, m, h or d.

      EXAMPLES:
        logd --bootstrap
        logd --data-dir /var/lib/proglog --node-name b --start-join-addrs a.example:8401
        logd --bootstrap --node-name n1 --server-tls-cert-file certs/n1.pem \\
          --server-tls-key-file certs/n1-key.pem --server-tls-ca-file certs/ca.pem \\
          --peer-tls-cert-file certs/n1.pem --peer-tls-key-file certs/n1-key.pem \\
          --peer-tls-ca-file certs/ca.pem
        logd --config-file /etc/proglog/logd.yaml --log-level debug
        logd --retention-bytes 100GiB --retention-age 7d
        LOGD_HTTP_PORT=8081 logd --bootstrap

      SIGTERM or SIGINT ends calls in flight, flushes and closes; a second one ends the process at once. SIGHUP has
      certificates, rules and clients' addresses read again, which happens by itself every ten seconds.
      Exit codes: 0 after a graceful stop, 64 for a wrong setting, 1 when the node failed.
      """,
    version: BuildVersion.current)

  @Option(help: ArgumentHelp("A YAML file with these settings as keys.", valueName: "path"))
  var configFile: String?

  @Option(
    help: ArgumentHelp(
      "Where the log is kept. One process at a time may use it. (default: ./proglog-data)", valueName: "path"))
  var dataDir: String?

  @Option(help: ArgumentHelp("The node's name, unique in its cluster. (default: the host's name)", valueName: "name"))
  var nodeName: String?

  @Option(
    help: ArgumentHelp(
      "Host for every listener, and gossip's port. (default: 127.0.0.1:8401)", valueName: "host:port"))
  var bindAddr: String?

  @Option(help: ArgumentHelp("Port of the gRPC API; 0 takes any free one. (default: 8400)", valueName: "port"))
  var rpcPort: String?

  @Option(help: ArgumentHelp("Port of the HTTP/JSON API. (default: 8080)", valueName: "port"))
  var httpPort: String?

  @Option(help: ArgumentHelp("Port of /livez /readyz /startupz /metrics. (default: 8402)", valueName: "port"))
  var opsPort: String?

  @Option(
    help: ArgumentHelp(
      "Where clients reach the gRPC API, as GetServers tells them. (default: where it listens)",
      valueName: "host:port"))
  var advertiseRpcAddr: String?

  @Option(
    help: ArgumentHelp(
      """
      What callers are told of where members are, by how they call: YAML with "internal", a list of hosts (".x.svc" is any \
      host below), and "members", NAME: HOST:PORT. A call to another host than these is told the members' addresses of \
      the file, by GetServers and when it asked the wrong node; every other call what the members say themselves.
      """, valueName: "path"))
  var clientAddressesFile: String?

  @Flag(
    help: """
      Begin a cluster of this node alone, if it has never been in one; on a node that has, it does nothing. Others join it \
      with --start-join-addrs.
      """)
  var bootstrap = false

  @Option(
    help: ArgumentHelp(
      "Gossip or RPC addresses of nodes of the cluster to join, if this node has never been in one.",
      valueName: "host:port,…"))
  var startJoinAddrs: String?

  @Option(
    help: ArgumentHelp(
      "A node that hears no leader for this to one and a half times this asks for an election. (default: 1000ms)",
      valueName: "duration"))
  var electionTimeout: String?

  @Option(
    help: ArgumentHelp(
      "How often a leader is heard when there is nothing to say. (default: 100ms)", valueName: "duration"))
  var heartbeatInterval: String?

  @Option(
    help: ArgumentHelp(
      "auto: the leader adds whoever it sees in gossip; managed: only 'logctl cluster' does. (default: auto)",
      valueName: "mode"))
  var membership: String?

  @Option(
    help: ArgumentHelp(
      "Encrypt gossip with the keys of this file, a JSON list of Base64, as Serf keeps them.", valueName: "path"))
  var gossipKeyringFile: String?

  @Option(
    help: ArgumentHelp(
      "Where other nodes reach this node's gossip. (default: where it listens)", valueName: "host:port"))
  var advertiseGossipAddr: String?

  @Option(
    help: ArgumentHelp(
      "The certificate that clients are shown, PEM. With it, clients must show theirs; see 'logctl certs'.",
      valueName: "path"))
  var serverTlsCertFile: String?

  @Option(help: ArgumentHelp("The key of that certificate, PEM.", valueName: "path"))
  var serverTlsKeyFile: String?

  @Option(help: ArgumentHelp("The CAs whose clients are let in, PEM.", valueName: "path"))
  var serverTlsCaFile: String?

  @Option(
    help: ArgumentHelp("The certificate that other nodes are shown, PEM; one for a node.", valueName: "path"))
  var peerTlsCertFile: String?

  @Option(help: ArgumentHelp("The key of that certificate, PEM.", valueName: "path"))
  var peerTlsKeyFile: String?

  @Option(help: ArgumentHelp("The CAs whose nodes are let in, PEM.", valueName: "path"))
  var peerTlsCaFile: String?

  @Option(
    help: ArgumentHelp(
      "How the rules of who may do what are read: casbin's model.conf. Without rules no client may do anything.",
      valueName: "path"))
  var aclModelFile: String?

  @Option(help: ArgumentHelp("The rules: casbin's policy.csv.", valueName: "path"))
  var aclPolicyFile: String?

  @Option(
    help: ArgumentHelp(
      "What a client is called in the rules: cn, its certificate's common name, or uri. (default: cn)",
      valueName: "name"))
  var aclSubject: String?

  @Flag(help: "Listen beyond loopback without TLS. Everybody who reaches the ports can read and write the log.")
  var allowPlaintextOnNetwork = false

  @Option(help: ArgumentHelp("A segment's store is closed at this size. (default: 64MiB)", valueName: "size"))
  var maxStoreBytes: String?

  @Option(help: ArgumentHelp("A segment's index is closed at this size. (default: 1MiB)", valueName: "size"))
  var maxIndexBytes: String?

  @Option(help: ArgumentHelp("The largest value that a record may have. (default: 1MiB)", valueName: "size"))
  var maxRecordBytes: String?

  @Option(
    help: ArgumentHelp(
      "The largest batch that a producer may send, compressed or not. (default: 1MiB)", valueName: "size"))
  var maxBatchBytes: String?

  @Option(help: ArgumentHelp("Blocks of a segment are reserved in steps of this. (default: 8MiB)", valueName: "size"))
  var preallocationBytes: String?

  @Option(
    help: ArgumentHelp("The newest batches are kept in memory up to this. (default: 16MiB)", valueName: "size"))
  var tailCacheBytes: String?

  @Option(
    help: ArgumentHelp(
      "The oldest segments are deleted while the log is larger than this; 0 keeps all. (default: 0)", valueName: "size")
  )
  var retentionBytes: String?

  @Option(
    help: ArgumentHelp(
      "Segments whose newest record is older than this are deleted; 0s keeps all. (default: 0s)", valueName: "duration")
  )
  var retentionAge: String?

  @Option(
    help: ArgumentHelp("How often it is looked whether segments have to go. (default: 10s)", valueName: "duration"))
  var retentionInterval: String?

  @Option(
    help: ArgumentHelp("How long calls in flight may take to end at a stop. (default: 10s)", valueName: "duration"))
  var shutdownTimeout: String?

  @Option(
    help: ArgumentHelp("trace, debug, info, notice, warning, error or critical. (default: info)", valueName: "level"))
  var logLevel: String?

  @Option(
    help: ArgumentHelp("text, json, or auto: text on a terminal, else json. (default: auto)", valueName: "format"))
  var logFormat: String?

  private var flags: [SettingKey: String?] {
    [
      .dataDirectory: dataDir, .nodeName: nodeName, .bindAddress: bindAddr, .rpcPort: rpcPort, .httpPort: httpPort,
      .opsPort: opsPort, .advertiseRPCAddress: advertiseRpcAddr, .clientAddressesFile: clientAddressesFile,
      .bootstrap: bootstrap ? "true" : nil, .startJoinAddresses: startJoinAddrs, .electionTimeout: electionTimeout,
      .heartbeatInterval: heartbeatInterval, .allowPlaintextOnNetwork: allowPlaintextOnNetwork ? "true" : nil,
      .membership: membership, .gossipKeyringFile: gossipKeyringFile, .advertiseGossipAddress: advertiseGossipAddr,
      .serverCertificateFile: serverTlsCertFile, .serverKeyFile: serverTlsKeyFile, .serverCAFile: serverTlsCaFile,
      .peerCertificateFile: peerTlsCertFile, .peerKeyFile: peerTlsKeyFile, .peerCAFile: peerTlsCaFile,
      .aclModelFile: aclModelFile, .aclPolicyFile: aclPolicyFile, .aclSubject: aclSubject,
      .maximumStoreBytes: maxStoreBytes,
      .maximumIndexBytes: maxIndexBytes, .preallocationBytes: preallocationBytes, .maximumRecordBytes: maxRecordBytes,
      .maximumBatchBytes: maxBatchBytes, .tailCacheBytes: tailCacheBytes, .retentionBytes: retentionBytes,
      .retentionAge: retentionAge, .retentionInterval: retentionInterval, .shutdownTimeout: shutdownTimeout,
      .logLevel: logLevel, .logFormat: logFormat,
    ]
  }

  mutating func run() async throws {
    let configuration: Configuration
    do {
      configuration = try resolveConfiguration(environment: ProcessInfo.processInfo.environment)
    } catch {
      throw ValidationError(error.description)
    }
    configuration.logFormat.bootstrap(level: configuration.logLevel)
    let logger = Logger(label: "logd")
    raiseDescriptorLimit(logger)
    do {
      try await Agent(configuration: configuration, logger: logger).run()
    } catch {
      logger.critical("the node stopped", metadata: ["error": "\(error)"])
      throw ExitCode.failure
    }
  }

  /// Each segment of the log and each connection is a descriptor; the soft limit of 1024 is for programs that use select.
  private func raiseDescriptorLimit(_ logger: Logger) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return logger.warning("the limit of open files could not be raised", metadata: ["errno": "\(errno)"])
    }
  }

  private func resolveConfiguration(environment: [String: String]) throws(ConfigurationError) -> Configuration {
    var settings = RawSettings()
    if let path = configFile ?? environment["LOGD_CONFIG_FILE"] {
      settings = try RawSettings(yaml: try readFile(path), file: path)
    }
    settings.override(with: try RawSettings(environment: environment))
    settings.override(with: RawSettings(flags: flags))
    return try Configuration(settings, hostName: Self.hostName())
  }

  private func readFile(_ path: String) throws(ConfigurationError) -> String {
    do {
      return try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw ConfigurationError(
        origin: configFile == nil ? "LOGD_CONFIG_FILE" : "--config-file", problem: "cannot read \(path): \(error)",
        allowed: "name a file that exists and holds UTF-8")
    }
  }

  private static func hostName() -> String {
    // HOST_NAME_MAX is 64 on Linux.
    var name = [CChar](repeating: 0, count: 65)
    guard gethostname(&name, name.count - 1) == 0 else { return "logd" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
