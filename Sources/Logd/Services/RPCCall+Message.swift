import NIOCore
import RPCServer
import SwiftProtobuf

extension RPCCall {
  /// Answers a unary call.
  func respond(with message: some SwiftProtobuf.Message) {
    do {
      respond(ByteBuffer(bytes: try message.serializedBytes() as [UInt8]))
    } catch {
      finish(RPCStatus(.internal, "the answer could not be encoded: \(error)"))
    }
  }
}
