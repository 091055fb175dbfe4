/// What a connection to the one port speaks, as its first byte tells.
enum PortProtocol: Hashable, Sendable {
  /// Another node.
  case peer
  /// TLS: the type of its first record, a handshake (RFC 8446 §5.1).
  case tls
  /// gRPC without TLS: HTTP/2 begins with "PRI". Whatever else it is, HTTP/2's handler says what is wrong with it.
  case plaintext

  private static let tlsHandshake: UInt8 = 0x16

  init(firstByte: UInt8) {
    switch firstByte {
    case PeerConnection.protocolByte: self = .peer
    case Self.tlsHandshake: self = .tls
    default: self = .plaintext
    }
  }
}
