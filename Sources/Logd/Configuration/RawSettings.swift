import Yams

/// The settings as they were written, each with where: flags win over the environment, which wins over the file.
package struct RawSettings: Sendable, Equatable {
  package struct Value: Sendable, Equatable {
    package var text: String
    package var origin: String
  }

  private var values: [SettingKey: Value] = [:]

  package init() {}

  package subscript(key: SettingKey) -> Value? { values[key] }

  /// Adds what a source of higher rank says.
  package mutating func override(with other: RawSettings) {
    values.merge(other.values) { _, new in new }
  }

  /// From the command line; nil for a flag that was not given.
  package init(flags: [SettingKey: String?]) {
    for case (let key, let text?) in flags {
      values[key] = Value(text: text, origin: "--\(key.rawValue)")
    }
  }
}

extension RawSettings {
  /// From the process's environment; every `LOGD_…` variable must name a setting.
  package init(environment: [String: String]) throws(ConfigurationError) {
    for (name, text) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix(SettingKey.environmentPrefix) {
      if Self.isKubernetesServiceLink(name: name, text: text) { continue }
      guard let key = SettingKey.allCases.first(where: { $0.environmentName == name }) else {
        if name == SettingKey.environmentPrefix + "CONFIG_FILE" { continue }  // Read before the file is.
        throw ConfigurationError(
          origin: name, problem: "there is no such setting",
          allowed: "known are LOGD_CONFIG_FILE, \(SettingKey.allCases.map(\.environmentName).joined(separator: ", "))")
      }
      values[key] = Value(text: text, origin: name)
    }
  }

  /// Kubernetes tells every pod of each Service by variables named after it. A Service called `logd` or `logd-rpc`
  /// must not be taken for a setting.
  private static func isKubernetesServiceLink(name: String, text: String) -> Bool {
    if name.hasSuffix("_SERVICE_HOST") || name.contains("_SERVICE_PORT") { return true }
    if name.contains("_PORT_"), name.contains("_TCP") || name.contains("_UDP") { return true }
    return name.hasSuffix("_PORT") && ["tcp://", "udp://", "sctp://"].contains { text.hasPrefix($0) }
  }

  /// From a YAML file: one mapping of known keys to scalars.
  package init(yaml: String, file: String) throws(ConfigurationError) {
    let root: Node?
    do {
      root = try Yams.compose(yaml: yaml)
    } catch {
      throw ConfigurationError(
        origin: file, problem: "this is not YAML: \(error)", allowed: "write one `setting: value` a line")
    }
    guard let root, root.scalar?.string != "" else { return }  // An empty file sets nothing.
    guard case .mapping(let mapping) = root else {
      throw ConfigurationError(
        origin: file, problem: "the file is not a mapping", allowed: "write one `setting: value` a line")
    }
    for (keyNode, valueNode) in mapping {
      let name = keyNode.scalar?.string ?? ""
      let origin = "\(file):\(keyNode.mark?.line ?? 0)"
      guard let key = SettingKey(rawValue: name) else {
        let guess = SettingKey.nearest(to: name).map { "did you mean \"\($0.rawValue)\"? " } ?? ""
        throw ConfigurationError(
          origin: origin, problem: "there is no setting \"\(name)\"",
          allowed: "\(guess)known are \(SettingKey.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      guard let text = valueNode.scalar?.string else {
        throw ConfigurationError(
          origin: "\(origin) (\(name))", problem: "the value is a list or a mapping", allowed: "write a single value")
      }
      values[key] = Value(text: text, origin: "\(origin) (\(name))")
    }
  }
}
