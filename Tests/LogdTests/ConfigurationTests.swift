import CommitLog
import Testing

@testable import Logd

@Suite struct ConfigurationTests {
  private func resolve(
    flags: [SettingKey: String] = [:], environment: [String: String] = [:], yaml: String = ""
  ) throws -> Configuration {
    var settings = try RawSettings(yaml: yaml, file: "logd.yaml")
    settings.override(with: try RawSettings(environment: environment))
    settings.override(with: RawSettings(flags: flags))
    return try Configuration(settings, hostName: "host")
  }

  @Test("with nothing set, every value is the default")
  func defaults() throws {
    #expect(try resolve() == .defaults(hostName: "host"))
  }

  @Test("every setting can be given as flag, variable and key of the file", arguments: SettingKey.allCases)
  func everySource(key: SettingKey) throws {
    let text =
      switch key {
      case .dataDirectory: "/data"
      case .nodeName: "other"
      case .bindAddress, .advertiseRPCAddress, .advertiseGossipAddress: "127.0.0.2:9401"
      case .membership: "managed"
      case .clientAddressesFile, .gossipKeyringFile, .aclModelFile, .aclPolicyFile: "/files/some"
      case .serverCertificateFile, .serverKeyFile, .serverCAFile, .peerCertificateFile, .peerKeyFile, .peerCAFile:
        "/files/some.pem"
      case .aclSubject: "uri"
      case .startJoinAddresses: "127.0.0.2:9401,[::1]:9402"
      case .rpcPort, .httpPort, .opsPort: "9400"
      case .allowPlaintextOnNetwork, .bootstrap: "true"
      case .electionTimeout: "2s"
      case .heartbeatInterval: "50ms"
      case .maximumStoreBytes: "8MiB"
      case .maximumIndexBytes, .maximumRecordBytes, .maximumBatchBytes, .preallocationBytes, .tailCacheBytes: "8KiB"
      case .retentionBytes: "1GiB"
      case .retentionAge: "7d"
      case .shutdownTimeout, .retentionInterval: "3s"
      case .logLevel: "debug"
      case .logFormat: "json"
      }
    let settings = Self.companions(of: key).merging([key: text]) { $1 }
    let byFlag = try resolve(flags: settings)
    #expect(byFlag != .defaults(hostName: "host"))
    #expect(
      try resolve(environment: Dictionary(uniqueKeysWithValues: settings.map { ($0.environmentName, $1) })) == byFlag)
    #expect(try resolve(yaml: settings.map { "\($0.rawValue): \($1)\n" }.joined()) == byFlag)
  }

  /// Settings without which one is refused.
  private static func companions(of key: SettingKey) -> [SettingKey: String] {
    let tls: [SettingKey] = [
      .serverCertificateFile, .serverKeyFile, .serverCAFile, .peerCertificateFile, .peerKeyFile, .peerCAFile,
    ]
    let rules: [SettingKey] = [.aclModelFile, .aclPolicyFile]
    let needed = tls.contains(key) ? tls : rules.contains(key) ? tls + rules : []
    return Dictionary(uniqueKeysWithValues: needed.map { ($0, "/files/\($0.rawValue)") })
  }

  @Test(
    "half of TLS, rules without names, and a part of what belongs together are refused",
    arguments: [
      ([.serverCertificateFile], "--server-tls-key-file and --server-tls-ca-file are missing beside it"),
      ([.aclModelFile], "--acl-policy-file is missing beside it"),
      ([.serverCertificateFile, .serverKeyFile, .serverCAFile], "this gives TLS to one of the two"),
      ([.peerCertificateFile, .peerKeyFile, .peerCAFile], "this gives TLS to one of the two"),
      ([.aclModelFile, .aclPolicyFile], "without TLS nobody shows who it is"),
    ] as [([SettingKey], String)])
  func halfSecure(keys: [SettingKey], says: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try resolve(flags: Dictionary(uniqueKeysWithValues: keys.map { ($0, "/files/\($0.rawValue)") }))
    }
    #expect(error?.description.contains(says) == true, "\(String(describing: error))")
  }

  @Test("with certificates the network is bound, without them only where that is asked for")
  func network() throws {
    var flags = Self.companions(of: .serverKeyFile)
    flags[.bindAddress] = "0.0.0.0:8401"
    #expect(try resolve(flags: flags).bindAddress.host == "0.0.0.0")
    #expect(throws: ConfigurationError.self) { try resolve(flags: [.bindAddress: "0.0.0.0:8401"]) }
  }

  @Test("flags win over the environment, which wins over the file")
  func precedence() throws {
    let yaml = "rpc-port: 1\nhttp-port: 2\nops-port: 3"
    let environment = ["LOGD_RPC_PORT": "11", "LOGD_HTTP_PORT": "12", "HOME": "/root"]
    let resolved = try resolve(flags: [.rpcPort: "21"], environment: environment, yaml: yaml)
    #expect([resolved.rpcPort, resolved.httpPort, resolved.opsPort] == [21, 12, 3])
  }

  @Test("variables that Kubernetes makes of a Service named logd are no settings")
  func serviceLinks() throws {
    let environment = [
      "LOGD_SERVICE_HOST": "10.96.0.7", "LOGD_SERVICE_PORT": "8400", "LOGD_SERVICE_PORT_RPC": "8400",
      "LOGD_PORT": "tcp://10.96.0.7:8400", "LOGD_PORT_8400_TCP": "tcp://10.96.0.7:8400",
      "LOGD_PORT_8400_TCP_ADDR": "10.96.0.7", "LOGD_RPC_PORT": "tcp://10.96.0.7:8400",
    ]
    #expect(try resolve(environment: environment) == .defaults(hostName: "host"))
  }

  @Test(
    "sizes and durations take units",
    arguments: [("2097152", 2 << 20), ("2048KiB", 2 << 20), ("3MiB", 3 << 20), ("1GiB", 1 << 30)])
  func sizes(text: String, bytes: Int) throws {
    #expect(try resolve(flags: [.maximumStoreBytes: text]).maximumStoreBytes == bytes)
  }

  @Test("retention keeps everything unless it is limited, and 0 is no limit")
  func retention() throws {
    #expect(try resolve().retention == RetentionPolicy())
    #expect(try resolve(flags: [.retentionBytes: "0", .retentionAge: "0s"]).retention == RetentionPolicy())
    let limited = try resolve(flags: [.retentionBytes: "2GiB", .retentionAge: "7d"])
    #expect(limited.retention == RetentionPolicy(maximumBytes: 2 << 30, maximumAge: .seconds(7 * 86_400)))
  }

  @Test(
    "what cannot be used is refused, with its origin",
    arguments: [
      (SettingKey.rpcPort, "65536", "is no port"), (.rpcPort, "-1", "is no port"),
      (.maximumStoreBytes, "4kb", "is no size"),
      (.maximumStoreBytes, "9999999999999GiB", "is out of range"), (.shutdownTimeout, "10", "is no duration"),
      (.maximumStoreBytes, "1MiB", "a record of 1048576 bytes does not fit"), (.nodeName, "a b", "is no node name"),
      (.nodeName, "", "is no node name"), (.dataDirectory, "", "is empty"),
      (.bindAddress, "::1:8401", "is no address"), (.bindAddress, "localhost", "is no address"),
      (.allowPlaintextOnNetwork, "yes", "neither true nor false"), (.logFormat, "xml", "none of the choices"),
      (.retentionAge, "7", "is no duration"), (.retentionBytes, "all", "is no size"),
      (.retentionInterval, "0s", "would never end"),
      (.opsPort, "8080", "ops-port and http-port both ask for port 8080"),
    ])
  func refused(key: SettingKey, text: String, problem: String) {
    let error = #expect(throws: ConfigurationError.self) { try resolve(flags: [key: text]) }
    #expect(error?.origin == "--\(key.rawValue)")
    #expect(error?.problem.contains(problem) == true, "\(String(describing: error))")
  }

  @Test("beyond loopback there is no plaintext unless it was asked for")
  func plaintext() throws {
    #expect(throws: ConfigurationError.self) { try resolve(flags: [.bindAddress: "10.0.0.1:8401"]) }
    let open = try resolve(flags: [.bindAddress: "[::]:8401", .allowPlaintextOnNetwork: "true"])
    #expect(open.bindAddress == HostPort(host: "::", port: 8401))
    #expect(open.bindAddress.description == "[::]:8401")
  }
}
