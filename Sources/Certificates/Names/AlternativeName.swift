import SwiftASN1
import X509

/// A name that a certificate is good for, besides that of its subject (RFC 5280 §4.2.1.6).
package enum AlternativeName: Sendable, Hashable {
  /// A host name; its first label may be `*`.
  case dns(String)
  /// 4 or 16 bytes in network order.
  case ip([UInt8])
  /// An identity such as `spiffe://example.com/reader`; never one of ``RoleMark``.
  case uri(String)

  /// RFC 1035 §2.3.4.
  private static let maximumNameBytes = 253
  private static let maximumLabelBytes = 63
  /// More than any URI that names somebody needs.
  private static let maximumURIBytes = 1024

  package init(dns text: String) throws(IssuingError) {
    guard Self.isHostName(text) else { throw .invalidName(text, "is no host name") }
    // A client compares an address with the addresses of a certificate only, and never with its names.
    guard IPAddressText.bytes(of: text) == nil else {
      throw .invalidName(text, "is an address and no host name: give it as an IP address")
    }
    self = .dns(text.lowercased())
  }

  package init(ip text: String) throws(IssuingError) {
    guard let bytes = IPAddressText.bytes(of: text) else { throw .invalidName(text, "is no IPv4 or IPv6 address") }
    self = .ip(bytes)
  }

  package init(uri text: String) throws(IssuingError) {
    guard !RoleMark.isReserved(text) else {
      throw .invalidName(text, "marks a role, which only a profile gives")
    }
    guard Self.isURI(text) else { throw .invalidName(text, "is no URI with a scheme") }
    self = .uri(text)
  }

  /// What a certificate holds, where it is one of these kinds and no mark.
  init?(_ name: GeneralName) {
    switch name {
    case .dnsName(let name): self = .dns(name)
    case .ipAddress(let bytes): self = .ip(Array(bytes.bytes))
    case .uniformResourceIdentifier(let uri) where !RoleMark.isReserved(uri): self = .uri(uri)
    default: return nil
    }
  }

  var generalName: GeneralName {
    switch self {
    case .dns(let name): .dnsName(name)
    case .ip(let bytes): .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
    case .uri(let uri): .uniformResourceIdentifier(uri)
    }
  }

  /// Letters, digits, hyphens and, as Kubernetes and SRV records have them, underscores.
  private static func isHostName(_ text: String) -> Bool {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    guard text.utf8.count <= maximumNameBytes, !labels.isEmpty else { return false }
    return labels.enumerated().allSatisfy { position, label in
      if label == "*" { return position == 0 && labels.count > 2 }
      return (1...maximumLabelBytes).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        && label.utf8.allSatisfy(isHostNameByte)
    }
  }

  private static func isHostNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
    default: false
    }
  }

  /// A scheme (RFC 3986 §3.1), a colon, and something that is visible ASCII.
  private static func isURI(_ text: String) -> Bool {
    guard text.utf8.count <= maximumURIBytes, let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
      return false
    }
    let scheme = text[..<colon]
    guard let first = scheme.first, first.isASCII, first.isLetter else { return false }
    let rest = text[text.index(after: colon)...]
    return scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) } && !rest.isEmpty
      && rest.utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }
}

extension AlternativeName: CustomStringConvertible {
  /// `DNS:host`, `IP:address` or `URI:uri`, as `openssl` writes them.
  package var description: String {
    switch self {
    case .dns(let name): "DNS:\(name)"
    case .ip(let bytes): "IP:\(IPAddressText.text(of: bytes) ?? "\(bytes)")"
    case .uri(let uri): "URI:\(uri)"
    }
  }
}
