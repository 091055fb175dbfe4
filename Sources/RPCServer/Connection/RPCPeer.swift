package import NIOCore
package import NIOSSL

/// Who is at the other end of a connection.
package struct RPCPeer: Sendable {
  package let remoteAddress: SocketAddress?

  /// The leaf certificate that TLS has verified, if the peer showed one.
  package let certificate: NIOSSLCertificate?

  package init(remoteAddress: SocketAddress?, certificate: NIOSSLCertificate?) {
    self.remoteAddress = remoteAddress
    self.certificate = certificate
  }
}
