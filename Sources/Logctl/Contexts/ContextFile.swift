import FoundationEssentials
import Yams

/// What is wrong with the configuration file, with its place, and what to do.
struct ContextError: Error, Equatable, CustomStringConvertible {
  let description: String
}

/// The clusters that a person works with: `~/.config/proglog/config.yaml`.
///
/// ```yaml
/// current-context: production
/// contexts:
///   production:
///     addrs: [log-0.example.com:8400, log-1.example.com:8400]
///     tls:
///       ca-file: /home/ada/.config/proglog/ca.pem
///       cert-file: /home/ada/.config/proglog/ada.pem
///       key-file: /home/ada/.config/proglog/ada-key.pem
///       server-name: log.example.com
/// ```
struct ContextFile: Equatable {
  struct Context: Equatable {
    var name: String
    var addrs: [String]
    /// `nil`: plaintext.
    var tls: TLSFields?
  }

  static let pathVariable = "LOGCTL_CONFIG"
  private static let currentKey = "current-context"

  let path: String
  private(set) var contexts: [Context] = []
  private(set) var currentName: String?

  /// Reads the file of this person; one that is not there has no contexts.
  init(environment: Environment) throws(ContextError) {
    let path = Self.path(environment)
    try self.init(path: path, text: try Self.contents(path) ?? "")
  }

  static func path(_ environment: Environment) -> String {
    if let path = environment.value(Self.pathVariable) { return path }
    let home = environment.value("XDG_CONFIG_HOME") ?? "\(environment.value("HOME") ?? "")/.config"
    return "\(home)/proglog/config.yaml"
  }

  private static func contents(_ path: String) throws(ContextError) -> String? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ContextError(description: "cannot read \(path)")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw ContextError(description: "\(path) is not UTF-8 text")
    }
    return text
  }

  // MARK: Reading

  /// - Parameter text: YAML.
  init(path: String, text: String) throws(ContextError) {
    self.path = path
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch {
      throw ContextError(description: "\(path): \(error)")
    }
    guard let root, root != Node("", Tag(.null)) else { return }
    for (key, value) in try Self.fields(of: root, ["current-context", "contexts"], path) {
      if key == Self.currentKey {
        self.currentName = try Self.text(value, path)
      } else {
        for (name, context) in try Self.fields(of: value, nil, path) {
          self.contexts.append(try Self.context(name, context, path))
        }
      }
    }
  }

  private static func context(_ name: String, _ node: Node, _ path: String) throws(ContextError) -> Context {
    var context = Context(name: name, addrs: [], tls: nil)
    for (key, value) in try Self.fields(of: node, ["addrs", "tls"], path) {
      if key == "tls" {
        context.tls = try Self.tls(value, path)
      } else if let list = value.sequence {
        for element in list { context.addrs.append(try Self.text(element, path)) }
      } else {
        context.addrs = ServerAccess.split(try Self.text(value, path))
      }
    }
    guard !context.addrs.isEmpty else {
      throw Self.error(node, path, "the context \(name) has no addrs: give it the address of one node at least")
    }
    return context
  }

  private static func tls(_ node: Node, _ path: String) throws(ContextError) -> TLSFields {
    var tls = TLSFields()
    if node.scalar?.string.isEmpty == true { return tls }
    for (key, value) in try Self.fields(of: node, ["ca-file", "cert-file", "key-file", "server-name"], path) {
      let text = try Self.text(value, path)
      switch key {
      case "ca-file": tls.caFile = text
      case "cert-file": tls.certFile = text
      case "key-file": tls.keyFile = text
      default: tls.serverName = text
      }
    }
    return tls
  }

  /// - Parameter known: the keys that there may be; `nil`: any.
  private static func fields(
    of node: Node, _ known: [String]?, _ path: String
  ) throws(ContextError) -> [(String, Node)] {
    guard let mapping = node.mapping else {
      throw Self.error(
        node, path, "here is to be a mapping" + (known.map { " of \($0.joined(separator: ", "))" } ?? ""))
    }
    var fields: [(String, Node)] = []
    for (key, value) in mapping {
      let name = try Self.text(key, path)
      if let known, !known.contains(name) {
        throw Self.error(key, path, "'\(name)' is not known here; there are: \(known.joined(separator: ", "))")
      }
      fields.append((name, value))
    }
    return fields
  }

  private static func text(_ node: Node, _ path: String) throws(ContextError) -> String {
    guard let scalar = node.scalar, !scalar.string.isEmpty else {
      throw Self.error(node, path, "here is to be a text")
    }
    return scalar.string
  }

  private static func error(_ node: Node, _ path: String, _ what: String) -> ContextError {
    ContextError(description: "\(path)\(node.mark.map { ":\($0.line)" } ?? ""): \(what)")
  }

  // MARK: Choosing

  /// `nil`: none was chosen.
  var current: Context? {
    get throws(ContextError) { try self.currentName.map { name throws(ContextError) in try self.context(name) } }
  }

  func context(_ name: String) throws(ContextError) -> Context {
    guard let context = self.contexts.first(where: { $0.name == name }) else {
      let known = self.contexts.map(\.name).joined(separator: ", ")
      throw ContextError(
        description: "\(self.path) has no context \(name); there are: \(known.isEmpty ? "none" : known)")
    }
    return context
  }

  /// Makes a context the current one. All else in the file stays as it is, comments too.
  func use(_ name: String) throws {
    _ = try self.context(name)
    let text = try Self.contents(self.path) ?? ""
    let changed = Self.replacingCurrent(in: text, by: name)
    // What does not read back is not written: a name may have to be quoted otherwise than here.
    guard try ContextFile(path: self.path, text: changed).currentName == name else {
      throw ContextError(description: "\(self.path): write '\(Self.currentKey): \(name)' by hand, properly quoted")
    }
    do {
      try Data(changed.utf8).write(to: URL(filePath: self.path), options: .atomic)
    } catch {
      throw ContextError(description: "cannot write \(self.path): \(error)")
    }
  }

  static func replacingCurrent(in text: String, by name: String) -> String {
    let line = "\(Self.currentKey): \"\(name)\""
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if let place = lines.firstIndex(where: { $0.hasPrefix("\(Self.currentKey):") }) {
      lines[place] = line
    } else {
      lines.insert(line, at: lines.first?.hasPrefix("---") == true ? 1 : 0)
    }
    return lines.joined(separator: "\n")
  }
}
