import NIOCore
import NIOHPACK

/// The header block of a request, read once and judged by gRPC's rules.
struct RequestHead {
  /// How the messages of the request may be compressed.
  enum Encoding: String {
    case identity
    case gzip
  }

  /// Why a request is no call.
  enum Rejection: Error, Equatable {
    /// Not gRPC at all: answered with an HTTP status.
    case http(status: String, headers: [String: String])
    /// gRPC, but not one that we can serve: answered with trailers only.
    case status(RPCStatus)
    /// As `status`, with the encodings that we know.
    case unsupportedEncoding(RPCStatus)
  }

  static let contentType = "application/grpc"
  static let acceptedEncodings = "identity,gzip"

  var path = ""
  var timeout: TimeAmount?
  var encoding = Encoding.identity
  var acceptsGzip = false

  /// `te: trailers` is demanded by the specification only to detect broken proxies; its absence is tolerated, as by
  /// every other server.
  init(_ headers: HPACKHeaders) throws(Rejection) {
    var method = ""
    var contentType = ""
    var encoding = "identity"
    var timeout: String?
    for (name, value, _) in headers {
      switch name {
      case ":path": path = value
      case ":method": method = value
      case "content-type": contentType = value
      case "grpc-timeout": timeout = value
      case "grpc-encoding": encoding = value
      case "grpc-accept-encoding":
        acceptsGzip = acceptsGzip || value == "gzip" || Self.list(value).contains("gzip")
      default: break
      }
    }
    guard method == "POST" else { throw .http(status: "405", headers: ["allow": "POST"]) }
    guard Self.isGRPC(contentType) else { throw .http(status: "415", headers: ["accept": Self.contentType]) }
    guard let knownEncoding = Encoding(rawValue: encoding) else {
      throw .unsupportedEncoding(
        RPCStatus(
          .unimplemented, "grpc-encoding \(encoding) is not supported; supported are \(Self.acceptedEncodings)"))
    }
    self.encoding = knownEncoding
    if let timeout {
      guard let parsed = TimeoutHeader.parse(timeout) else {
        throw .status(
          RPCStatus(.internal, "malformed grpc-timeout \"\(timeout)\": expected up to 8 digits and one of H M S m u n"))
      }
      self.timeout = parsed
    }
  }

  /// `application/grpc`, alone or with a subtype or a parameter; `application/grpc-web` is another protocol.
  private static func isGRPC(_ value: String) -> Bool {
    if value == contentType { return true }
    guard value.hasPrefix(contentType) else { return false }
    let next = value.utf8.dropFirst(contentType.utf8.count).first
    return next == UInt8(ascii: "+") || next == UInt8(ascii: ";")
  }

  private static func list(_ value: String) -> [String] {
    value.split(separator: ",").map { String($0.filter { $0 != " " }) }
  }
}
