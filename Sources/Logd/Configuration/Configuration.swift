package import CommitLog
package import Logging
import Raft
package import Telemetry

/// What a node runs with, checked. Sizes are bytes.
package struct Configuration: Sendable, Equatable {
  /// Where the log is kept.
  package var dataDirectory: String
  package var nodeName: String
  /// The host is shared by every listener; the port is gossip's.
  package var bindAddress: HostPort
  package var rpcPort: Int
  package var httpPort: Int
  package var opsPort: Int
  /// Where clients reach this node's gRPC API; nil: where it listens.
  package var advertiseRPCAddress: HostPort?
  /// What callers from other networks are told of the members' addresses; nil: what members say themselves.
  package var clientAddressesFile: String?
  /// Begin a cluster of this node alone, if it has never been in one.
  package var bootstrap: Bool
  /// Members of the cluster that this node is to join.
  package var startJoinAddresses: [HostPort]
  /// A follower that hears nothing for this to one and a half times this time asks for an election.
  package var electionTimeout: Duration
  package var heartbeatInterval: Duration
  package var membership: MembershipMode
  /// The keys that gossip is encrypted with; nil: it is not.
  package var gossipKeyringFile: String?
  /// Where other nodes reach this node's gossip; nil: where it listens.
  package var advertiseGossipAddress: HostPort?
  /// Of the gRPC and HTTP APIs; nil: plaintext.
  package var serverTLS: NodeTLSFiles?
  /// Between nodes; nil: plaintext.
  package var peerTLS: NodeTLSFiles?
  package var access: AccessFiles?
  package var accessSubject: AccessSubject
  /// Without TLS everybody who reaches the ports reads and writes: only loopback is bound unless this is set.
  package var allowPlaintextOnNetwork: Bool
  package var maximumStoreBytes: Int
  package var maximumIndexBytes: Int
  /// Blocks of a segment are reserved ahead in steps of this.
  package var preallocationBytes: Int
  package var maximumRecordBytes: Int
  /// The largest batch that a producer may send; no segment takes one that is larger than itself.
  package var maximumBatchBytes: Int
  /// The newest batches are kept in memory up to this.
  package var tailCacheBytes: Int
  package var retention: RetentionPolicy
  /// How often it is looked whether something has to go.
  package var retentionInterval: Duration
  /// How long calls in flight may take to end once a stop was asked for.
  package var shutdownTimeout: Duration
  package var logLevel: Logger.Level
  package var logFormat: LoggingFormat

  package static func defaults(hostName: String) -> Configuration {
    Configuration(
      dataDirectory: "proglog-data", nodeName: hostName, bindAddress: HostPort(host: "127.0.0.1", port: 8401),
      rpcPort: 8400, httpPort: 8080, opsPort: 8402, advertiseRPCAddress: nil, clientAddressesFile: nil,
      bootstrap: false, startJoinAddresses: [], electionTimeout: Raft.Settings().electionTimeout,
      heartbeatInterval: Raft.Settings().heartbeatInterval, membership: .auto, gossipKeyringFile: nil,
      advertiseGossipAddress: nil, serverTLS: nil, peerTLS: nil, access: nil, accessSubject: .commonName,
      allowPlaintextOnNetwork: false,
      maximumStoreBytes: Log.Configuration().maximumStoreBytes,
      maximumIndexBytes: Log.Configuration().maximumIndexBytes,
      preallocationBytes: Log.Configuration().preallocationBytes,
      maximumRecordBytes: 1 << 20,  // What NATS and Kafka take by default.
      maximumBatchBytes: 1 << 20,  // A quarter of the largest message that gRPC's clients take unless told otherwise.
      tailCacheBytes: Log.Configuration().tailCacheBytes, retention: RetentionPolicy(),
      retentionInterval: .seconds(10),  // A segment more or less of a busy log; of an idle one, no work worth naming.
      shutdownTimeout: .seconds(10),  // A third of the grace that Kubernetes gives a pod.
      logLevel: .info, logFormat: .auto)
  }
}

extension Configuration {
  /// The defaults with what was set laid over them.
  package init(_ settings: RawSettings, hostName: String) throws(ConfigurationError) {
    self = .defaults(hostName: hostName)
    let parse = SettingParser(settings: settings)
    try parse.text(.dataDirectory, into: &dataDirectory)
    try parse.name(.nodeName, into: &nodeName)
    try parse.address(.bindAddress, into: &bindAddress)
    try parse.port(.rpcPort, into: &rpcPort)
    try parse.port(.httpPort, into: &httpPort)
    try parse.port(.opsPort, into: &opsPort)
    advertiseRPCAddress = try parse.address(.advertiseRPCAddress)
    clientAddressesFile = try parse.text(.clientAddressesFile)
    try parse.bool(.bootstrap, into: &bootstrap)
    try parse.addresses(.startJoinAddresses, into: &startJoinAddresses)
    try parse.duration(.electionTimeout, into: &electionTimeout)
    try parse.duration(.heartbeatInterval, into: &heartbeatInterval)
    try parseSecurity(parse)
    try parse.bool(.allowPlaintextOnNetwork, into: &allowPlaintextOnNetwork)
    // Positions in an index entry are 32 bits wide.
    try parse.size(.maximumStoreBytes, in: 4096...(4 << 30) - 1, into: &maximumStoreBytes)
    try parse.size(.maximumIndexBytes, in: 64...(1 << 30), into: &maximumIndexBytes)
    try parse.size(.maximumRecordBytes, in: 1...(64 << 20), into: &maximumRecordBytes)
    try parse.size(.preallocationBytes, in: 1...(4 << 30) - 1, into: &preallocationBytes)
    try parse.size(.maximumBatchBytes, in: 1...(64 << 20), into: &maximumBatchBytes)
    try parse.size(.tailCacheBytes, in: 0...Log.Configuration.largestTailCacheBytes, into: &tailCacheBytes)
    try parseRetention(parse)
    try parse.duration(.shutdownTimeout, into: &shutdownTimeout)
    try parse.choice(.logLevel, Logger.Level.allCases, named: \.rawValue, into: &logLevel)
    try parse.choice(.logFormat, LoggingFormat.allCases, named: \.rawValue, into: &logFormat)
    try checkTogether(settings)
  }

  private mutating func parseRetention(_ parse: SettingParser) throws(ConfigurationError) {
    // 0 is for ever, so that a file can say so. 1 PiB is there to catch a wrong unit.
    var bytes = 0
    try parse.size(.retentionBytes, in: 0...(1 << 50), into: &bytes)
    retention.maximumBytes = bytes == 0 ? nil : UInt64(bytes)
    var age = Duration.zero
    try parse.duration(.retentionAge, into: &age)
    retention.maximumAge = age == .zero ? nil : age
    try parse.duration(.retentionInterval, into: &retentionInterval)
    guard retentionInterval > .zero else {
      throw ConfigurationError(
        origin: parse.settings[.retentionInterval]?.origin ?? SettingKey.retentionInterval.rawValue,
        problem: "an interval of nothing would never end", allowed: "write 1ms or more, such as 10s")
    }
  }

  private mutating func parseSecurity(_ parse: SettingParser) throws(ConfigurationError) {
    try parse.choice(.membership, MembershipMode.allCases, named: \.rawValue, into: &membership)
    gossipKeyringFile = try parse.text(.gossipKeyringFile)
    advertiseGossipAddress = try parse.address(.advertiseGossipAddress)
    if let files = try parse.together([.serverCertificateFile, .serverKeyFile, .serverCAFile]) {
      serverTLS = NodeTLSFiles(certificate: files[0], key: files[1], authorities: files[2])
    }
    if let files = try parse.together([.peerCertificateFile, .peerKeyFile, .peerCAFile]) {
      peerTLS = NodeTLSFiles(certificate: files[0], key: files[1], authorities: files[2])
    }
    if let files = try parse.together([.aclModelFile, .aclPolicyFile]) {
      access = AccessFiles(model: files[0], policy: files[1])
    }
    try parse.choice(.aclSubject, AccessSubject.allCases, named: \.rawValue, into: &accessSubject)
  }

  /// One half of TLS would leave the other open on the same port, and rules are worth nothing without names.
  private func checkSecurity(_ settings: RawSettings) throws(ConfigurationError) {
    if (serverTLS == nil) != (peerTLS == nil) {
      let (given, missing): (SettingKey, String) =
        serverTLS != nil ? (.serverCertificateFile, "peer-tls") : (.peerCertificateFile, "server-tls")
      throw ConfigurationError(
        origin: settings[given]?.origin ?? given.rawValue,
        problem: "clients and other nodes come to one port, and this gives TLS to one of the two",
        allowed: "give --\(missing)-cert-file, --\(missing)-key-file and --\(missing)-ca-file too")
    }
    if access != nil, serverTLS == nil {
      throw ConfigurationError(
        origin: settings[.aclModelFile]?.origin ?? SettingKey.aclModelFile.rawValue,
        problem: "without TLS nobody shows who it is, so that no rule could be applied",
        allowed: "give --server-tls-cert-file and its like, or leave the rules out")
    }
  }

  /// Room that a batch and its segment need around a single record, in bytes; far above what they use.
  private static let recordOverheadBytes = 1024

  /// A leader must be heard several times in the time in which its silence is taken for its end; shorter times than these are
  /// those of a busy event loop.
  private func checkTimes(_ settings: RawSettings) throws(ConfigurationError) {
    let shortest = Duration.milliseconds(10)
    let isSensible =
      heartbeatInterval >= shortest && electionTimeout >= heartbeatInterval * 3 && electionTimeout <= .seconds(60)
    guard isSensible else {
      let key: SettingKey = settings[.electionTimeout] == nil ? .heartbeatInterval : .electionTimeout
      throw ConfigurationError(
        origin: settings[key]?.origin ?? key.rawValue,
        problem: "an election time-out of \(electionTimeout) and heartbeats each \(heartbeatInterval) do not fit",
        allowed: "use an election time-out of three to ten heartbeats, 60s at most, and heartbeats of 10ms or more")
    }
  }

  /// What is wrong only in company.
  private func checkTogether(_ settings: RawSettings) throws(ConfigurationError) {
    try checkTimes(settings)
    try checkSecurity(settings)
    guard !bootstrap || startJoinAddresses.isEmpty else {
      throw ConfigurationError(
        origin: settings[.startJoinAddresses]?.origin ?? SettingKey.startJoinAddresses.rawValue,
        problem: "a node that begins a cluster has none to join",
        allowed: "give --bootstrap to the first node alone, and --start-join-addrs to the others")
    }
    let ports: [(SettingKey, Int)] = [
      (.bindAddress, bindAddress.port), (.rpcPort, rpcPort), (.httpPort, httpPort), (.opsPort, opsPort),
    ]
    for (i, (key, port)) in ports.enumerated() where port != 0 {
      if let (other, _) = ports[..<i].first(where: { $0.1 == port }) {
        throw ConfigurationError(
          origin: settings[key]?.origin ?? settings[other]?.origin ?? key.rawValue,
          problem: "\(key.rawValue) and \(other.rawValue) both ask for port \(port)",
          allowed: "give each a port of its own, or 0 for any free one")
      }
    }
    if maximumRecordBytes + Self.recordOverheadBytes > maximumStoreBytes {
      let key = settings[.maximumRecordBytes] == nil ? SettingKey.maximumStoreBytes : .maximumRecordBytes
      throw ConfigurationError(
        origin: settings[key]?.origin ?? key.rawValue,
        problem: "a record of \(maximumRecordBytes) bytes does not fit a store of \(maximumStoreBytes)",
        allowed: "keep \(SettingKey.maximumRecordBytes.rawValue) at least \(Self.recordOverheadBytes) bytes "
          + "below \(SettingKey.maximumStoreBytes.rawValue)")
    }
    if serverTLS == nil, !bindAddress.isLoopback, !allowPlaintextOnNetwork {
      throw ConfigurationError(
        origin: settings[.bindAddress]?.origin ?? SettingKey.bindAddress.rawValue,
        problem: "without TLS, everybody who reaches \(bindAddress.host) could read and write the log",
        allowed:
          "bind 127.0.0.1 or ::1, give certificates (--server-tls-cert-file, --peer-tls-cert-file and their like), "
          + "or accept that risk with --\(SettingKey.allowPlaintextOnNetwork.rawValue) true"
      )
    }
  }
}
