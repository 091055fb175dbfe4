import Dispatch
import Glibc

/// SIGINT and SIGTERM as the end of a task.
enum Interruption {
  /// Runs `body`; a signal cancels it, and it counts as done then.
  static func stopping(_ body: @Sendable @escaping () async throws -> Void) async throws {
    let (signals, continuation) = AsyncStream<Void>.makeStream()
    let sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { continuation.yield() }
      source.resume()
      return source
    }
    defer { sources.forEach { $0.cancel() } }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        for await _ in signals { return true }
        return false
      }
      group.addTask {
        try await body()
        return false
      }
      defer { group.cancelAll() }
      let wasInterrupted = try await group.next() ?? false
      group.cancelAll()
      guard wasInterrupted else { return }
      do {
        try await group.waitForAll()
      } catch is CancellationError {
        // As asked.
      }
    }
  }
}
