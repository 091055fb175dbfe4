import NIOHPACK

/// What HTTP/2 demands of the header blocks of a request (RFC 9113, 8.2 and 8.3.1).
///
/// NIO's handler would check the same, of what is sent too, and takes a sixth of the time of a small call for it. What we
/// send is well formed by the way it is made.
enum HeaderBlock {
  /// Why a block is malformed, and its stream reset with PROTOCOL_ERROR (8.1.1). Names are as the peer sent them.
  enum Malformed: Error, Equatable {
    /// Not a token in lower case.
    case name(String)
    /// With bytes that would end it in HTTP/1.1, behind a proxy.
    case value(name: String)
    /// A field about the connection, which HTTP/2 has none of.
    case connectionSpecific(String)
    /// One that is unknown, comes twice, or comes behind other fields.
    case pseudoHeader(String)
    /// Not the pseudo-headers that a request has.
    case incomplete
  }

  private struct PseudoHeaders: OptionSet {
    var rawValue: UInt8

    static let method = PseudoHeaders(rawValue: 1 << 0)
    static let scheme = PseudoHeaders(rawValue: 1 << 1)
    static let path = PseudoHeaders(rawValue: 1 << 2)
    static let authority = PseudoHeaders(rawValue: 1 << 3)
    static let mandatory: PseudoHeaders = [.method, .scheme, .path]
    /// Of CONNECT (8.5).
    static let tunnel: PseudoHeaders = [.method, .authority]
  }

  static func validateRequest(_ headers: HPACKHeaders) throws(Malformed) {
    var seen = PseudoHeaders()
    var isConnect = false
    var isBehindPseudoHeaders = false
    for (name, value, _) in headers {
      guard name.utf8.first == UInt8(ascii: ":") else {
        isBehindPseudoHeaders = true
        try validateField(name, value)
        continue
      }
      guard !isBehindPseudoHeaders, let pseudoHeader = pseudoHeader(name), seen.insert(pseudoHeader).inserted else {
        throw .pseudoHeader(name)
      }
      guard bytes(of: value, areAll: isInPseudoHeaderValue) else { throw .value(name: name) }
      switch pseudoHeader {
      case .method: isConnect = value == "CONNECT"
      case .path where value.isEmpty: throw .value(name: name)
      default: break
      }
    }
    guard isConnect ? seen == .tunnel : seen.isSuperset(of: .mandatory) else { throw .incomplete }
  }

  static func validateTrailers(_ headers: HPACKHeaders) throws(Malformed) {
    for (name, value, _) in headers {
      guard name.utf8.first != UInt8(ascii: ":") else { throw .pseudoHeader(name) }
      try validateField(name, value)
    }
  }

  private static func pseudoHeader(_ name: String) -> PseudoHeaders? {
    switch name {
    case ":method": .method
    case ":scheme": .scheme
    case ":path": .path
    case ":authority": .authority
    default: nil
    }
  }

  private static func validateField(_ name: String, _ value: String) throws(Malformed) {
    guard !name.isEmpty, bytes(of: name, areAll: isInToken) else { throw .name(name) }
    guard bytes(of: value, areAll: isInFieldValue) else { throw .value(name: name) }
    switch name {
    case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
      throw .connectionSpecific(name)
    case "te" where value != "trailers":
      throw .connectionSpecific(name)
    default: break
    }
  }

  private static func bytes(of text: String, areAll isAllowed: (UInt8) -> Bool) -> Bool {
    var text = text
    return text.withUTF8 { $0.allSatisfy(isAllowed) }
  }

  /// RFC 9110, 5.6.2, without the upper case that HTTP/2 forbids.
  private static func isInToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
      UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"),
      UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"),
      UInt8(ascii: "~"):
      true
    default: false
    }
  }

  /// Space at either end is forbidden as well; it does no harm, and sloppy clients send it.
  private static func isInFieldValue(_ byte: UInt8) -> Bool {
    byte != 0 && byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\r")
  }

  /// No pseudo-header's grammar has a space or a control character; bytes of UTF-8 are let through, as of unencoded paths.
  private static func isInPseudoHeaderValue(_ byte: UInt8) -> Bool { byte > UInt8(ascii: " ") && byte != 0x7F }
}
