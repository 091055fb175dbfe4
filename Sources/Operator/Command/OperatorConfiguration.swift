import Logging
import Telemetry

/// How the operator was asked to run: flags first, then the environment, then defaults.
struct OperatorConfiguration: Sendable, Hashable {
  var kubeconfig: String?
  var context: String?
  /// Empty: all.
  var namespaces: [String] = []
  var logdImage = Self.defaultLogdImage
  var opsAddress = ListenAddress(host: "0.0.0.0", port: 8081)
  var logLevel = Logger.Level.info
  var logFormat = LoggingFormat.auto

  /// Nil: in a pod and only there.
  var electsLeader: Bool?
  var leaseName = Self.defaultLeaseName
  /// Nil: that of the pod or of the kubeconfig's context.
  var leaseNamespace: String?

  static let defaultLeaseName = "proglog-operator"
  static let defaultLogdImage = "proglog/logd:\(BuildVersion.current)"
  static let environmentPrefix = "PROGLOG_OPERATOR_"

  init() {}

  init(flags: OperatorFlags, environment: [String: String]) throws(InvalidSetting) {
    func setting(_ name: String, _ flag: String?, allowed: String = "") -> Setting? {
      if let flag { return Setting(source: "--\(name)", value: flag, allowed: allowed) }
      let variable = Self.environmentPrefix + name.uppercased().split(separator: "-").joined(separator: "_")
      guard let value = environment[variable], !value.isEmpty else { return nil }
      return Setting(source: variable, value: value, allowed: allowed)
    }
    kubeconfig = setting("kubeconfig", flags.kubeconfig)?.value
    context = setting("context", flags.context)?.value
    let listed = flags.namespace.isEmpty ? nil : flags.namespace.joined(separator: ",")
    namespaces =
      try setting("namespace", listed, allowed: "names of namespaces, separated by commas")?
      .read(Self.namespaces) ?? namespaces
    logdImage =
      try setting("logd-image", flags.logdImage, allowed: "an image's name, such as \(logdImage)")?
      .read { $0.contains(where: \.isWhitespace) ? nil : $0 } ?? logdImage
    opsAddress =
      try setting("ops-addr", flags.opsAddr, allowed: "host:port, such as 0.0.0.0:8081 or [::1]:8081")?
      .read(ListenAddress.init) ?? opsAddress
    logLevel =
      try setting("log-level", flags.logLevel, allowed: Self.names(Logger.Level.allCases))?
      .read { try? Logger.Level(parsing: $0) } ?? logLevel
    logFormat =
      try setting("log-format", flags.logFormat, allowed: Self.names(LoggingFormat.allCases))?
      .read { try? LoggingFormat(parsing: $0) } ?? logFormat
    electsLeader = try setting("leader-elect", flags.leaderElect.map { "\($0)" }, allowed: "true, false")?.read(
      Bool.init)
    leaseName = try setting("lease-name", flags.leaseName, allowed: Self.nameRule)?.read(Self.name) ?? leaseName
    leaseNamespace = try setting("lease-namespace", flags.leaseNamespace, allowed: Self.nameRule)?.read(Self.name)
  }

  private static func names<Choice: RawRepresentable<String>>(_ choices: [Choice]) -> String {
    choices.map(\.rawValue).joined(separator: ", ")
  }

  private static let nameRule = "a name of a-z, 0-9, '-' and '.', such as \(defaultLeaseName)"

  private static func name(_ text: String) -> String? {
    let isName = text.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
    return isName && !text.isEmpty && text.utf8.count <= 253 ? text : nil
  }

  private static func namespaces(_ text: String) -> [String]? {
    let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let areNames = names.allSatisfy { !$0.isEmpty && !$0.contains(where: \.isWhitespace) }
    return areNames ? Set(names).sorted() : nil
  }

  private struct Setting {
    var source: String
    var value: String
    var allowed: String

    func read<Value>(_ parse: (String) -> Value?) throws(InvalidSetting) -> Value {
      guard let result = parse(value) else { throw InvalidSetting(source: source, value: value, allowed: allowed) }
      return result
    }
  }
}

/// A flag or variable with a value that it cannot have.
struct InvalidSetting: Error, Hashable, CustomStringConvertible {
  var source: String
  var value: String
  var allowed: String

  var description: String { "\(source) is '\(value)'; allowed: \(allowed)" }
}

/// Where to listen.
struct ListenAddress: Sendable, Hashable {
  var host: String
  var port: Int

  init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `host:port`; an IPv6 address stands in brackets.
  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: Int(port))
  }
}
