import GRPCNIOTransportHTTP2Posix

/// Where a node's API is reached: `HOST:PORT`, where the host is a name, an IPv4 address or an IPv6 address in brackets.
public struct NodeAddress: Sendable, Hashable, CustomStringConvertible {
  /// Without brackets.
  public let host: String
  /// 1 to 65535.
  public let port: Int

  /// - Throws: ``ProgLogError/invalidAddress(_:reason:)``.
  public init(parsing text: String) throws(ProgLogError) {
    guard let colon = text.lastIndex(of: ":") else {
      throw .invalidAddress(text, reason: "the port is missing, as in 127.0.0.1:8400")
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw .invalidAddress(text, reason: "an IPv6 address goes into brackets, as in [::1]:8400")
    }
    guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" }) else {
      throw .invalidAddress(text, reason: "the host is missing or not a host, as in 127.0.0.1:8400")
    }
    let digits = text[text.index(after: colon)...]
    guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = Int(digits), (1...65_535).contains(port) else {
      throw .invalidAddress(text, reason: "the port must be a number from 1 to 65535")
    }
    self.host = String(host)
    self.port = port
  }

  /// - Parameters:
  ///   - host: a host's name or address, without brackets.
  ///   - port: from 1 to 65535.
  init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// The text that parses to this address.
  public var description: String {
    self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
  }

  private var isIPv4: Bool {
    let octets = self.host.split(separator: ".", omittingEmptySubsequences: false)
    return octets.count == 4 && octets.allSatisfy { UInt8($0) != nil }
  }

  /// Whether the host is an address and no name.
  var isNumeric: Bool { self.isIPv4 || self.host.contains(":") }

  /// Addresses skip the resolver; names go through the system's.
  var target: any ResolvableTarget {
    if self.isIPv4 { return .ipv4(address: self.host, port: self.port) }
    if self.host.contains(":") { return .ipv6(address: self.host, port: self.port) }
    return .dns(host: self.host, port: self.port)
  }
}
