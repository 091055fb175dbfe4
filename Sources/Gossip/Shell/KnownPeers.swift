import NIOCore

/// A file of the members that a node knew, so that it finds them again without seeds: a line each, address and name.
package enum KnownPeers {
  /// More members than a cluster has, with names of the longest.
  static let maximumBytes = 512 * 1024
  static let maximumPeers = 1024

  package struct Peer: Hashable, Sendable {
    package var name: MemberName
    package var address: GossipAddress

    package init(name: MemberName, address: GossipAddress) {
      self.name = name
      self.address = address
    }
  }

  static func encode(_ peers: [Peer]) -> [UInt8] {
    let lines = peers.prefix(maximumPeers).filter { isWritable($0.name) }.map { "\($0.address) \($0.name)\n" }
    return Array(lines.joined().utf8)
  }

  /// A name with a line's end in it would be two lines. Nobody gives one, but a stranger can.
  private static func isWritable(_ name: MemberName) -> Bool { !name.text.utf8.contains { $0 < 0x20 } }

  /// Lines that are no peers are left out and counted: the file only helps.
  package static func decode(_ bytes: [UInt8]) -> (peers: [Peer], badLines: Int) {
    var peers: [Peer] = []
    var badLines = 0
    for line in bytes.split(separator: UInt8(ascii: "\n")) where peers.count < maximumPeers {
      if let peer = peer(in: line) { peers.append(peer) } else { badLines += 1 }
    }
    return (peers, badLines)
  }

  private static func peer(in line: ArraySlice<UInt8>) -> Peer? {
    let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
    guard parts.count == 2, let name = String(validating: parts[1], as: UTF8.self), isWritable(MemberName(name)),
      name.utf8.count <= WireLimits.nameBytes, let text = String(validating: parts[0], as: UTF8.self),
      let address = address(in: text)
    else { return nil }
    return Peer(name: MemberName(name), address: address)
  }

  /// `10.0.0.1:7946` or `[::1]:7946`.
  static func address(in text: String) -> GossipAddress? {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port != 0 else {
      return nil
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard let address = try? SocketAddress(ipAddress: String(host), port: Int(port)) else { return nil }
    return GossipAddress(address)
  }
}
