/// What a client calls, to be found among the names of the server's certificate.
package enum ServerName: Sendable, Hashable {
  case host(String)
  /// An IPv4 or IPv6 address.
  case address(String)

  /// - Parameter text: a host name or an address, without port and without brackets.
  package init(_ text: String) {
    self = IPAddressText.bytes(of: text) == nil ? .host(text) : .address(text)
  }

  package var text: String {
    switch self {
    case .host(let text), .address(let text): text
    }
  }
}
