import GRPCCore
import Synchronization

/// Tells whether a call has come as far as a stream on a connection. Only then can its request have left, and only then
/// is a failure's outcome open.
final class CallTracker: Sendable {
  @TaskLocal static var current: CallTracker?

  private let opened = Atomic<Bool>(false)

  var wasOpened: Bool { self.opened.load(ordering: .relaxed) }

  /// gRPC runs interceptors when the transport has handed out the stream.
  struct Interceptor: ClientInterceptor {
    func intercept<Input: Sendable, Output: Sendable>(
      request: StreamingClientRequest<Input>,
      context: ClientContext,
      next:
        @concurrent (StreamingClientRequest<Input>, ClientContext) async throws -> StreamingClientResponse<Output>
    ) async throws -> StreamingClientResponse<Output> {
      CallTracker.current?.opened.store(true, ordering: .relaxed)
      return try await next(request, context)
    }
  }
}
