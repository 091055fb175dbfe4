import NIOHPACK

/// Custom metadata of a call: keys in lower case, values of printable ASCII, or of any bytes under keys that end in
/// `-bin`, which travel as Base64.
package struct RPCMetadata: Equatable, Sendable {
  /// Why a key or a value cannot be sent.
  package enum Invalid: Error, Equatable {
    /// Not in `[a-z0-9_.-]`, empty, reserved by gRPC, or `-bin` where text is given, or the reverse.
    case key(String)
    /// Not printable ASCII.
    case value(key: String)
  }

  private(set) var headers: HPACKHeaders

  package init() { headers = HPACKHeaders() }

  /// Takes a received block as it is; the accessors hide what belongs to HTTP/2 and gRPC.
  init(received headers: HPACKHeaders) { self.headers = headers }

  /// The server as the client names it, with its port if it gave one. `host` is what a proxy from HTTP/1.1 may leave in place of
  /// `:authority` (RFC 9113 §8.3.1).
  var authority: String? { received(":authority").first ?? received("host").first }

  /// Every text value of `key`, in order.
  package func values(_ key: String) -> [String] {
    Self.isReserved(key) ? [] : received(key)
  }

  /// The first text value of `key`.
  package func first(_ key: String) -> String? {
    Self.isReserved(key) ? nil : headers.first { $0.name == key }?.value
  }

  /// Every value of a `-bin` key, in order. Values that are no Base64 are left out.
  package func binaryValues(_ key: String) -> [[UInt8]] {
    precondition(key.hasSuffix("-bin"), "binary metadata key \(key) must end in -bin")
    // A peer may join the values of one key with commas (gRPC over HTTP/2, "Custom-Metadata").
    // Nothing between commas, or nothing at all, is a value of no bytes.
    return received(key).flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
      .compactMap { Base64.decode(Self.trimmed($0)) }
  }

  /// By the name as it is. The subscript of HPACKHeaders takes a name with bytes that are not ASCII for every other of its
  /// length: a peer could send what a proxy would not let through (swift-nio-http2 1.46, compareCaseInsensitiveASCIIBytes).
  private func received(_ key: String) -> [String] { headers.filter { $0.name == key }.map(\.value) }

  package mutating func add(_ value: String, for key: String) throws(Invalid) {
    guard Self.isValidKey(key), !key.hasSuffix("-bin") else { throw .key(key) }
    guard value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw .value(key: key) }
    headers.add(name: key, value: value)
  }

  package mutating func addBinary(_ bytes: some Sequence<UInt8>, for key: String) throws(Invalid) {
    guard Self.isValidKey(key), key.hasSuffix("-bin") else { throw .key(key) }
    headers.add(name: key, value: Base64.encode(bytes))
  }

  private static func isValidKey(_ key: String) -> Bool {
    !key.isEmpty && !isReserved(key)
      && key.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
          UInt8(ascii: "-"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }

  private static func isReserved(_ key: String) -> Bool {
    key.hasPrefix(":") || key.hasPrefix("grpc-") || key == "content-type" || key == "te" || key == "connection"
  }

  private static func trimmed(_ value: Substring) -> Substring {
    var value = value.drop { $0 == " " }
    while value.last == " " { value.removeLast() }
    return value
  }
}
