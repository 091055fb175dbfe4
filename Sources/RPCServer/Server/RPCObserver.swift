package import NIOCore

/// What a server tells of itself, for metrics. Called on event loops, of which there may be several: be quick, and be
/// safe. `method` is `nil` for a path that no method has, so that strangers cannot invent labels.
package protocol RPCObserver: AnyObject, Sendable {
  func connectionOpened()
  func connectionClosed()
  func callStarted(_ method: RPCMethod?)
  /// `bytes` of message, decompressed, without prefix.
  func messageReceived(_ method: RPCMethod, bytes: Int)
  func messageSent(_ method: RPCMethod, bytes: Int)
  func callFinished(_ method: RPCMethod?, code: RPCStatus.Code, duration: TimeAmount)
}
