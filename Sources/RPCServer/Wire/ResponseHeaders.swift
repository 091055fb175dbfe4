import NIOHPACK

/// The header blocks that a server sends. The usual ones are made once: a call that ends well allocates none.
enum ResponseHeaders {
  private static let plain: HPACKHeaders = [":status": "200", "content-type": RequestHead.contentType]
  private static let gzip: HPACKHeaders = [
    ":status": "200", "content-type": RequestHead.contentType, "grpc-encoding": "gzip",
    "grpc-accept-encoding": RequestHead.acceptedEncodings,
  ]
  private static let okTrailers: HPACKHeaders = ["grpc-status": "0"]

  static func initial(compressed: Bool, metadata: RPCMetadata?) -> HPACKHeaders {
    var headers = compressed ? gzip : plain
    if let metadata { headers.add(contentsOf: metadata.headers) }
    return headers
  }

  static func trailers(_ status: RPCStatus, metadata: RPCMetadata?) -> HPACKHeaders {
    if status.code == .ok, status.message.isEmpty, metadata == nil { return okTrailers }
    var headers = HPACKHeaders()
    add(status, metadata, to: &headers)
    return headers
  }

  /// An answer that is only a status: initial headers and trailers in one block.
  static func trailersOnly(_ status: RPCStatus, metadata: RPCMetadata?, listsEncodings: Bool = false) -> HPACKHeaders {
    var headers = plain
    if listsEncodings { headers.add(name: "grpc-accept-encoding", value: RequestHead.acceptedEncodings) }
    add(status, metadata, to: &headers)
    return headers
  }

  static func http(status: String, headers extra: [String: String]) -> HPACKHeaders {
    var headers: HPACKHeaders = [":status": status]
    for (name, value) in extra { headers.add(name: name, value: value) }
    return headers
  }

  private static func add(_ status: RPCStatus, _ metadata: RPCMetadata?, to headers: inout HPACKHeaders) {
    headers.add(name: "grpc-status", value: String(status.code.rawValue))
    if !status.message.isEmpty { headers.add(name: "grpc-message", value: PercentEncoding.encode(status.message)) }
    if !status.details.isEmpty {
      headers.add(name: "grpc-status-details-bin", value: Base64.encode(status.details))
    }
    if let metadata { headers.add(contentsOf: metadata.headers) }
  }
}
