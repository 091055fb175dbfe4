import NIOCore
import NIOPosix

/// A connection that says nothing.
enum SilentClient {
  static func connect(to address: SocketAddress) async throws -> any Channel {
    try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(to: address).get()
  }
}
