package import NIOCore
package import NIOSSL

/// Who is at the other end of a connection.
package struct RPCPeer: Sendable {
  package let remoteAddress: SocketAddress?

  /// The leaf certificate that TLS has verified, if the peer showed one.
  package let certificate: NIOSSLCertificate?

  /// Who that is to whoever attached the connection; interceptors know its type.
  package let identity: (any Sendable)?

  package init(remoteAddress: SocketAddress?, certificate: NIOSSLCertificate?, identity: (any Sendable)? = nil) {
    self.remoteAddress = remoteAddress
    self.certificate = certificate
    self.identity = identity
  }
}
