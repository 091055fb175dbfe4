private import ProgLogAPI
package import SwiftProtobuf

extension RPCStatus {
  /// Packs `details` as `google.protobuf.Any` into a `google.rpc.Status` beside the code and the message, which is how
  /// every gRPC library reads typed error details.
  package init(_ code: Code, _ message: String, details: [any SwiftProtobuf.Message]) {
    var status = Google_Rpc_Status()
    status.code = Int32(code.rawValue)
    status.message = message
    do {
      status.details = try details.map { try Google_Protobuf_Any(message: $0) }
      self.init(code, message, serializedDetails: try status.serializedBytes())
    } catch {
      // Only a proto2 message that lacks a required field fails to serialise, and proto3 has no such field. The code
      // and the message must still reach the caller.
      self.init(code, message)
    }
  }
}
