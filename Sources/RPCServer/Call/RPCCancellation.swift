/// Why a call ended before its handler finished it.
package enum RPCCancellation: Equatable, Sendable {
  /// The client gave up: RST_STREAM with this HTTP/2 error code.
  case clientReset(code: Int)
  case deadlineExceeded
  case connectionLost
  case serverShuttingDown
  /// The server ended it with this status: a malformed or oversized request, or a client that reads too slowly.
  case failed(RPCStatus)
}
