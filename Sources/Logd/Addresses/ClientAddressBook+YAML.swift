import Yams

/// Why a file of addresses cannot be used: where, what is wrong, and what to write instead.
package struct ClientAddressError: Error, Hashable, CustomStringConvertible {
  package var description: String
}

extension ClientAddressBook {
  /// What a file may have in bytes. A cluster has 32 members at most, and names are 253 bytes at most: many times what that takes.
  package static let maximumFileBytes = 64 << 10

  private enum Key: String, CaseIterable {
    case internalHosts = "internal"
    case members
  }

  private static let shape = """
    write "internal:" with a list of hosts, and "members:" with a line "NAME: HOST:PORT" for each member
    """

  /// Reads a file's text:
  ///
  ///     internal:
  ///       - log.default.svc
  ///       - .log-headless.default.svc
  ///     members:
  ///       log-0: 203.0.113.9:8400
  ///       log-1: "[2001:db8::1]:8400"
  ///
  /// Either may be missing. A file without anything is refused: it is one that is just being written.
  package init(yaml: String) throws(ClientAddressError) {
    guard yaml.utf8.count <= Self.maximumFileBytes else {
      throw ClientAddressError(description: "it is longer than \(Self.maximumFileBytes) bytes")
    }
    let root: Node?
    do { root = try Yams.compose(yaml: yaml) } catch {
      throw ClientAddressError(description: "it is not YAML: \(error); \(Self.shape)")
    }
    guard case .mapping(let mapping)? = root else {
      throw ClientAddressError(description: "it is \(root == nil ? "empty" : "no mapping"); \(Self.shape)")
    }
    var hosts: [String] = []
    var members: [String: HostPort] = [:]
    for (name, value) in mapping {
      switch name.scalar.flatMap({ Key(rawValue: $0.string) }) {
      case .internalHosts: hosts = try Self.hosts(value)
      case .members: members = try Self.members(value)
      case nil:
        throw ClientAddressError(
          at: name, "there is no \"\(name.scalar?.string ?? "")\" here",
          "known are \(Key.allCases.map(\.rawValue).joined(separator: " and "))")
      }
    }
    self.init(internalHosts: hosts, members: members)
  }

  private static func hosts(_ node: Node) throws(ClientAddressError) -> [String] {
    if node.isNothing { return [] }
    guard case .sequence(let list) = node else {
      throw ClientAddressError(at: node, "internal is no list", "write one host a line behind a hyphen")
    }
    var hosts: [String] = []
    for item in list {
      guard let host = item.scalar?.string, isHost(host) else {
        throw ClientAddressError(
          at: item, "\"\(item.scalar?.string ?? "")\" is no host",
          "write a host name or an address, without port and brackets; a leading dot stands for any host below")
      }
      hosts.append(host)
    }
    return hosts
  }

  private static func isHost(_ text: String) -> Bool {
    let name = text.hasPrefix(".") ? text.dropFirst() : text[...]
    return !name.isEmpty && !name.hasPrefix(".") && (NodeName.isValid(String(name)) || isIPv6Address(text))
  }

  /// Near enough to tell it from a host with a port.
  private static func isIPv6Address(_ text: String) -> Bool {
    text.count { $0 == ":" } >= 2 && text.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
  }

  private static func members(_ node: Node) throws(ClientAddressError) -> [String: HostPort] {
    if node.isNothing { return [:] }
    guard case .mapping(let mapping) = node else {
      throw ClientAddressError(at: node, "members is no mapping", "write a line \"NAME: HOST:PORT\" for each")
    }
    var members: [String: HostPort] = [:]
    for (key, value) in mapping {
      guard let name = key.scalar?.string, NodeName.isValid(name) else {
        throw ClientAddressError(
          at: key, "\"\(key.scalar?.string ?? "")\" is no node name", "use \(NodeName.rule)")
      }
      guard let text = value.scalar?.string, let address = HostPort(text), address.port != 0 else {
        throw ClientAddressError(
          at: value, "\"\(value.scalar?.string ?? "")\", of \(name), is no address",
          "write HOST:PORT, an IPv6 host in brackets and all of it in quotes")
      }
      members[name] = address
    }
    return members
  }
}

extension ClientAddressError {
  fileprivate init(at node: Node, _ problem: String, _ allowed: String) {
    description = "\(node.mark.map { "line \($0.line): " } ?? "")\(problem); \(allowed)"
  }
}

extension Node {
  /// As behind a key with nothing after it.
  fileprivate var isNothing: Bool {
    scalar.map { $0.string.isEmpty || $0.string == "null" || $0.string == "~" } ?? false
  }
}
