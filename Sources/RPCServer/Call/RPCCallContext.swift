package import NIOCore

/// What is known of a call before its first message. Interceptors judge by it.
package struct RPCCallContext: Sendable {
  package let method: RPCMethod
  package let metadata: RPCMetadata
  /// From `grpc-timeout`.
  package let deadline: NIODeadline?
  package let peer: RPCPeer

  /// The server as the client names it, `HOST` or `HOST:PORT`. It is the client's word: good for telling it addresses that it
  /// can reach, and for nothing that needs trust.
  package var authority: String? { metadata.authority }
}
