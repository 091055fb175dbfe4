import FuzzSupport

@testable import Logd

extension FuzzTarget {
  static let configurationFile = FuzzTarget(
    "configuration-file", maximumBytes: 1024,
    seeds: {
      [
        "", "# nothing\n", "rpc-port: 8400\nhttp-port: '0'\n",
        "data-dir: /var/lib/proglog\nnode-name: node-0\nbind-addr: 127.0.0.1:8401\nadvertise-rpc-addr: '[::1]:8400'\n",
        "max-store-bytes: 64MiB\nmax-index-bytes: 1GiB\nmax-record-bytes: 1024KiB\nshutdown-timeout: 1500ms\n",
        "allow-plaintext-on-network: true\nbind-addr: 0.0.0.0:8401\nlog-level: debug\nlog-format: json\n",
        "data-dir: &a x\nnode-name: *a\n",
      ].map { Array($0.utf8) }
    },
    dictionary: SettingKey.allCases.map { $0.rawValue + ": " } + words + [
      "&a ", "*a", "<<: ", "- ", "{", "}", "|\n", "!!",
    ],
    run: { input in
      do {
        let settings = try RawSettings(yaml: String(decoding: input, as: UTF8.self), file: "logd.yaml")
        try check(try Configuration(settings, hostName: "host"))
        return true
      } catch let error as ConfigurationError {
        try checkText(of: error)
        return false
      }
    })

  /// Settings from the environment: lines of a setting's number and its value.
  static let settings = FuzzTarget(
    "settings", maximumBytes: 512,
    seeds: {
      let texts = ["127.0.0.1:0", "8400", "true", "64MiB", "10s", "node", "debug", "[::1]:1", "1000000h", "4294967295"]
      let keys = SettingKey.allCases
      // Each setting with a value that it takes, if one of these is.
      return keys.indices.compactMap { number in
        texts.lazy.map { [UInt8(number)] + Array($0.utf8) }.first { (try? configuration($0)) != nil }
      }
    },
    dictionary: words,
    run: { input in
      do {
        try check(try configuration(input))
        return true
      } catch let error as ConfigurationError {
        try checkText(of: error)
        return false
      }
    })

  private static let words = [
    "KiB", "MiB", "GiB", "ms", "s", "m", "h", "true", "127.0.0.1:", "[::1]:", "9223372036854775807",
  ]

  private static func configuration(_ input: [UInt8]) throws(ConfigurationError) -> Configuration {
    var environment: [String: String] = [:]
    for line in input.split(separator: UInt8(ascii: "\n")) {
      let key = SettingKey.allCases[Int(line.first ?? 0) % SettingKey.allCases.count]
      environment[key.environmentName] = String(decoding: line.dropFirst(), as: UTF8.self)
    }
    return try Configuration(try RawSettings(environment: environment), hostName: "host")
  }

  private static func check(_ configuration: Configuration) throws {
    for port in [configuration.rpcPort, configuration.httpPort, configuration.opsPort, configuration.bindAddress.port] {
      try require((0...65_535).contains(port), "port \(port) passes")
    }
    for address in [configuration.bindAddress, configuration.advertiseRPCAddress].compactMap(\.self) {
      try require(HostPort(address.description) == address, "address \(address) does not read back")
    }
    try require(
      (4096...(4 << 30) - 1).contains(configuration.maximumStoreBytes), "\(configuration.maximumStoreBytes) passes")
    try require((64...(1 << 30)).contains(configuration.maximumIndexBytes), "\(configuration.maximumIndexBytes) passes")
    try require(
      configuration.maximumRecordBytes > 0 && configuration.maximumRecordBytes < configuration.maximumStoreBytes,
      "records of \(configuration.maximumRecordBytes) bytes pass")
    try require(configuration.shutdownTimeout >= .zero, "shutdown timeout \(configuration.shutdownTimeout) passes")
    try require(
      configuration.bindAddress.isLoopback || configuration.allowPlaintextOnNetwork,
      "\(configuration.bindAddress) would be bound without TLS")
    try require(!configuration.dataDirectory.isEmpty && !configuration.nodeName.isEmpty, "an empty name passes")
  }

  private static func checkText(of error: ConfigurationError) throws {
    try require(!error.problem.isEmpty && !error.allowed.isEmpty, "\(error) does not say what to do")
  }
}
