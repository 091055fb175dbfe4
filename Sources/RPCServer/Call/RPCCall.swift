package import NIOCore

/// One call, for its handler. Confined to its event loop; `handle` is for everybody else.
///
/// After a cancellation everything sent is dropped; after `finish` sending is a bug and stops the process.
package final class RPCCall {
  package let context: RPCCallContext
  package let eventLoop: any EventLoop
  private let stream: RPCStreamHandler

  /// Called once if the call ends without `finish`.
  package var onCancel: ((RPCCancellation) -> Void)?
  /// Called when `isWritable` changes.
  package var onWritabilityChange: (() -> Void)?
  /// Called when the server is about to go; an endless call should finish with UNAVAILABLE.
  package var onDrain: (() -> Void)?

  init(context: RPCCallContext, eventLoop: any EventLoop, stream: RPCStreamHandler) {
    self.context = context
    self.eventLoop = eventLoop
    self.stream = stream
  }

  package var method: RPCMethod { context.method }
  package var metadata: RPCMetadata { context.metadata }
  package var deadline: NIODeadline? { context.deadline }
  package var peer: RPCPeer { context.peer }
  /// The server as the client names it; see ``RPCCallContext/authority``.
  package var authority: String? { context.authority }

  /// Whether the handler has finished the call or it was cancelled.
  package var isEnded: Bool { stream.isEnded }

  /// Whether the client keeps up. A handler of a stream should stop sending until it does; one that goes on is stopped
  /// with RESOURCE_EXHAUSTED once `Configuration.maximumBufferedResponseBytes` wait.
  package var isWritable: Bool { stream.isWritable }

  /// Bytes sent since the client last kept up; 0 while writable.
  package var bufferedBytes: Int { stream.bufferedBytes }

  /// Sends initial metadata ahead of the first message. At most once, and before any `send`.
  package func sendInitialMetadata(_ metadata: RPCMetadata) { stream.sendInitialMetadata(metadata) }

  package func send(_ message: ByteBuffer) { stream.send(message) }

  /// Sends the message that `write` appends to a buffer which already has room for the prefix: no copy is made.
  /// `capacity` is the expected size in bytes.
  package func send(capacity: Int, _ write: (inout ByteBuffer) -> Void) { stream.send(capacity: capacity, write) }

  package func finish(_ status: RPCStatus, trailers: RPCMetadata? = nil) {
    stream.finish(status, trailers: trailers)
  }

  /// One message and OK: the answer of a unary call.
  package func respond(_ message: ByteBuffer, trailers: RPCMetadata? = nil) {
    stream.send(message)
    stream.finish(.ok, trailers: trailers)
  }

  /// Delivers no more messages until `resumeReading`. The client runs into HTTP/2's flow control: at most the window
  /// and one message are held here.
  package func pauseReading() { stream.pauseReading() }

  package func resumeReading() { stream.resumeReading() }

  /// For other threads and async code.
  package var handle: Handle { Handle(call: NIOLoopBound(self, eventLoop: eventLoop), eventLoop: eventLoop) }

  func log(_ message: String) { stream.log(message) }
}

extension RPCCall {
  /// A call as seen from anywhere. Everything hops to the event loop, in order; a call that has ended drops it.
  package struct Handle: Sendable {
    let call: NIOLoopBound<RPCCall>
    package let eventLoop: any EventLoop

    /// Runs `body` on the event loop, unless the call has ended by then.
    package func execute(_ body: @escaping @Sendable (RPCCall) -> Void) {
      let call = call
      eventLoop.execute { if !call.value.isEnded { body(call.value) } }
    }

    package func send(_ message: ByteBuffer) { execute { $0.send(message) } }

    package func finish(_ status: RPCStatus, trailers: RPCMetadata? = nil) {
      execute { $0.finish(status, trailers: trailers) }
    }

    package func respond(_ message: ByteBuffer) { execute { $0.respond(message) } }

    func log(_ message: String) {
      let call = call
      eventLoop.execute { call.value.log(message) }
    }
  }
}
