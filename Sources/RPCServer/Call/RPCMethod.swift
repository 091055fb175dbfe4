package import NIOCore

/// One method of a service: its path and what makes the handler of a call.
///
/// The path is `/package.Service/Method`. `makeHandler` runs on the event loop of the call, before its first message.
package final class RPCMethod: Sendable {
  package let path: String
  package let makeHandler: @Sendable (RPCCall) -> any RPCCallHandler

  package init(_ path: String, makeHandler: @escaping @Sendable (RPCCall) -> any RPCCallHandler) {
    precondition(
      path.hasPrefix("/") && path.split(separator: "/", omittingEmptySubsequences: false).count == 3,
      "method path \"\(path)\" is not of the form /package.Service/Method")
    self.path = path
    self.makeHandler = makeHandler
  }

  /// A method that takes one message. `body` gets it when the request is complete and answers by `RPCCall.respond` or
  /// `RPCCall.finish`, at once or later; it can watch `RPCCall.onCancel`.
  package static func unary(_ path: String, _ body: @escaping @Sendable (ByteBuffer, RPCCall) -> Void) -> RPCMethod {
    RPCMethod(path) { SingleRequestHandler(call: $0, body: body) }
  }

  /// As `unary`, with any number of answers: `body` sends while `RPCCall.isWritable`, goes on in
  /// `RPCCall.onWritabilityChange`, and ends by `RPCCall.finish`.
  package static func serverStreaming(
    _ path: String, _ body: @escaping @Sendable (ByteBuffer, RPCCall) -> Void
  ) -> RPCMethod {
    unary(path, body)
  }

  /// As `unary`, answered by async code, off the event loop. A thrown `RPCStatus` is the status; another error is
  /// UNKNOWN, and its text stays in the server. The task is cancelled with the call.
  package static func async(
    _ path: String, _ body: @escaping @Sendable (ByteBuffer, RPCCallContext) async throws -> ByteBuffer
  ) -> RPCMethod {
    unary(path) { request, call in
      let handle = call.handle
      let context = call.context
      // Unstructured: the event loop has no task to be the parent; the call is, by its cancellation.
      let task = Task {
        do {
          handle.respond(try await body(request, context))
        } catch let status as RPCStatus {
          handle.finish(status)
        } catch is CancellationError {
          handle.finish(RPCStatus(.cancelled, "\(path) was cancelled"))
        } catch {
          handle.log("\(path) failed: \(error)")
          handle.finish(RPCStatus(.unknown, "\(path) failed; see the server's log"))
        }
      }
      call.onCancel = { _ in task.cancel() }
    }
  }
}
