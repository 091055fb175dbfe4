/// What a connection to the one port speaks, as its first byte tells.
enum PortProtocol: Hashable, Sendable {
  /// Another node.
  case peer
  /// gRPC: HTTP/2 begins with "PRI". Whatever else it is, HTTP/2's handler says what is wrong with it.
  case rpc

  init(firstByte: UInt8) {
    self = firstByte == PeerConnection.protocolByte ? .peer : .rpc
  }
}
