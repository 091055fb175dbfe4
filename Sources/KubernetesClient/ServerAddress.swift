import FoundationEssentials

/// The URL of an API server or proxy, taken apart.
package struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
  package var usesTLS: Bool
  /// A name or an address; IPv6 without brackets.
  package var host: String
  package var port: Int
  /// What stands before `/api`: empty, or a path without a slash at its end.
  package var path: String

  package init(usesTLS: Bool, host: String, port: Int, path: String = "") {
    self.usesTLS = usesTLS
    self.host = host
    self.port = port
    self.path = path
  }

  /// Reads `https://host:6443/path`; nil for anything that is not an http or https URL with a host.
  init?(_ text: String) {
    guard let url = URL(string: text), let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https",
      let host = url.host(percentEncoded: false), !host.isEmpty
    else { return nil }
    usesTLS = scheme == "https"
    self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    port = url.port ?? (usesTLS ? 443 : 80)
    guard (1...65_535).contains(port), self.host.utf8.allSatisfy(Self.isOfHost) else { return nil }
    var path = url.path(percentEncoded: true)
    while path.hasSuffix("/") { path.removeLast() }
    self.path = path
  }

  /// A percent-encoded host may decode to anything, a line end among it; what follows goes into headers.
  private static func isOfHost(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"):
      true
    default: false
    }
  }

  /// `host:port` as the Host header and URLs write it.
  var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  package var description: String { "\(usesTLS ? "https" : "http")://\(authority)\(path)" }
}
