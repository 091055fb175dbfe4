/// Where clients reach the members of a cluster, by how they reached the one that they ask.
///
/// Members call each other by names that only their own network knows. Who calls from elsewhere, through a load balancer or a
/// forwarded port, can do nothing with those; and who calls from within would take a detour with the others. A call says by its
/// authority which of the two it is. A pure value: no file, no clock.
package struct ClientAddressBook: Sendable, Hashable {
  /// Hosts under which only those within the members' network call, in lower case and without a final dot.
  private let internalHosts: Set<String>
  /// As `.example.svc`: any host below it.
  private let internalSuffixes: [String]
  /// `host:port` for everybody else, by the members' names.
  private let members: [String: String]

  /// - Parameters:
  ///   - internalHosts: host names and addresses, without ports; one with a leading dot stands for any host below it.
  ///   - members: `host:port` by the members' names.
  package init(internalHosts: [String] = [], members: [String: HostPort] = [:]) {
    let hosts = internalHosts.map(Authority.canonical)
    self.internalHosts = Set(hosts.filter { !$0.hasPrefix(".") })
    internalSuffixes = hosts.filter { $0.hasPrefix(".") }
    self.members = members.mapValues(\.description)
  }

  package var memberCount: Int { members.count }

  /// What a caller is told of a member.
  ///
  /// - Parameters:
  ///   - registered: where members and clients reach it, as it says itself.
  ///   - authority: what the call names as the server; nil: nothing.
  ///   - ownHost: of the node that is asked, as it says itself.
  package func address(
    of member: String, registered: String, for authority: String?, ownHost: String
  ) -> String {
    guard let authority, !isInternal(authority, ownHost: ownHost) else { return registered }
    return members[member] ?? registered
  }

  /// Whether the call comes from within the members' network. What is no authority at all tells nothing, and is answered as before
  /// there were any addresses.
  private func isInternal(_ authority: String, ownHost: String) -> Bool {
    guard let host = Authority.host(of: authority) else { return true }
    return host == Authority.canonical(ownHost) || HostPort(host: host, port: 0).isLoopback
      || internalHosts.contains(host) || internalSuffixes.contains { host.count > $0.count && host.hasSuffix($0) }
  }
}

/// How a call names its server (RFC 3986 §3.2): `HOST` or `HOST:PORT`, an IPv6 address in brackets.
enum Authority {
  /// The host as one writes it to compare: without port and brackets, in lower case, without the final dot of a full name.
  static func host(of authority: String) -> String? {
    let host: Substring
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = authority[authority.index(after: authority.startIndex)..<end]
    } else {
      host = authority.prefix { $0 != ":" }
    }
    let canonical = canonical(String(host))
    return canonical.isEmpty ? nil : canonical
  }

  static func canonical(_ host: String) -> String {
    let host = host.lowercased()
    return host.hasSuffix(".") ? String(host.dropLast()) : host
  }
}
