import AsyncHTTPClient
import NIOCore

/// The events of one watch, read from the connection as they are asked for; to be iterated once.
///
/// Ends when the server ends the watch. Cancelling the task or dropping the iterator closes the connection.
package struct WatchEvents: AsyncSequence {
  package typealias Element = WatchEvent
  package typealias Failure = KubernetesError

  let body: HTTPClientResponse.Body
  let maximumEventBytes: Int

  package struct AsyncIterator: AsyncIteratorProtocol {
    var chunks: HTTPClientResponse.Body.AsyncIterator
    var lines: LineSplitter

    package mutating func next() async throws(KubernetesError) -> WatchEvent? {
      try await next(isolation: #isolation)
    }

    package mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(KubernetesError) -> WatchEvent? {
      while true {
        if let line = try lines.next() {
          // The Go decoder skips white space between objects.
          if line.readableBytes == 0 { continue }
          return try WatchEvent(try JSONCoding.decode(line))
        }
        guard let chunk = try await nextChunk(isolation: actor) else {
          guard !lines.hasPartialLine else { throw .transport("the watch ended in the middle of an event") }
          return nil
        }
        lines.append(chunk)
      }
    }

    private mutating func nextChunk(
      isolation actor: isolated (any Actor)?
    ) async throws(KubernetesError) -> ByteBuffer? {
      do {
        return try await chunks.next(isolation: actor)
      } catch {
        throw RESTClient.transportError(error, "the watch")
      }
    }
  }

  package func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(chunks: body.makeAsyncIterator(), lines: LineSplitter(maximumLength: maximumEventBytes))
  }
}
