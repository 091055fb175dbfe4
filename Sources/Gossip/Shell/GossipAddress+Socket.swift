package import NIOCore

extension GossipAddress: CustomStringConvertible {
  private static let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

  /// An IPv4 address that a socket of IPv6 shows in sixteen bytes is one of four.
  package init?(_ address: SocketAddress) {
    guard let count = Self.count(of: address), let port = address.port.flatMap({ UInt16(exactly: $0) }) else {
      return nil
    }
    // In C's structures the address is behind family and port, and behind IPv6's flow label.
    let bytes = address.withSockAddr { pointer, size in
      Array(UnsafeRawBufferPointer(start: pointer, count: size).dropFirst(count == 4 ? 4 : 8).prefix(count))
    }
    self.init(bytes: bytes.starts(with: Self.mapped) ? Array(bytes.suffix(4)) : bytes, port: port)
  }

  private static func count(of address: SocketAddress) -> Int? {
    switch address {
    case .v4: 4
    case .v6: 16
    case .unixDomainSocket: nil
    }
  }

  /// - Parameter family: of the socket: one of IPv6 sends to IPv4 in its own form.
  package func socketAddress(for family: NIOBSDSocket.ProtocolFamily? = nil) throws -> SocketAddress {
    let bytes = family == .inet6 && bytes.count == 4 ? Self.mapped + bytes : bytes
    return try SocketAddress(packedIPAddress: ByteBuffer(bytes: bytes), port: Int(port))
  }

  package var isWildcard: Bool { bytes.allSatisfy { $0 == 0 } }

  package var description: String {
    guard let address = try? socketAddress(), let host = address.ipAddress else { return "\(bytes):\(port)" }
    return bytes.count == 16 ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
