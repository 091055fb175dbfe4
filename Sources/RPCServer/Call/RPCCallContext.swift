package import NIOCore

/// What is known of a call before its first message. Interceptors judge by it.
package struct RPCCallContext: Sendable {
  package let method: RPCMethod
  package let metadata: RPCMetadata
  /// From `grpc-timeout`.
  package let deadline: NIODeadline?
  package let peer: RPCPeer
}
