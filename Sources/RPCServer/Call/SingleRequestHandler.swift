import NIOCore

/// Enforces exactly one message of request (UNIMPLEMENTED otherwise, by gRPC's table of status codes), and passes it on
/// when the client is through.
final class SingleRequestHandler: RPCCallHandler {
  private let call: RPCCall
  private let body: (ByteBuffer, RPCCall) -> Void
  private var request: ByteBuffer?

  init(call: RPCCall, body: @escaping (ByteBuffer, RPCCall) -> Void) {
    self.call = call
    self.body = body
  }

  func receive(_ message: ByteBuffer) {
    guard request == nil else {
      request = nil
      return call.finish(RPCStatus(.unimplemented, "\(call.method.path) takes one message, and more were sent"))
    }
    request = message
  }

  func receiveEnd() {
    guard let request else {
      return call.finish(RPCStatus(.unimplemented, "\(call.method.path) takes one message, and none was sent"))
    }
    self.request = nil
    body(request, call)
  }
}
