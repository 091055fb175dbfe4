package import NIOCore

/// The server's side of one call. Every function is called on the call's event loop.
package protocol RPCCallHandler: AnyObject {
  /// One message of the request, without its prefix and decompressed.
  func receive(_ message: ByteBuffer)

  /// The client will send no more.
  func receiveEnd()

  /// The call has ended without `finish`; nothing sent from here on reaches the client. Not called after `finish`.
  func cancelled(_ reason: RPCCancellation)

  /// `RPCCall.isWritable` has changed.
  func writabilityChanged()

  /// The server is about to go. A call that would go on for ever should finish with UNAVAILABLE; others need not care.
  func serverIsDraining()
}

extension RPCCallHandler {
  package func cancelled(_ reason: RPCCancellation) {}
  package func writabilityChanged() {}
  package func serverIsDraining() {}
}
