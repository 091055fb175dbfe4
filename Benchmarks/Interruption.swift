import TestSupport
import UnixSignals

/// Runs `body`, and cancels it when somebody asks this process to end. Whatever waits in it then throws, and what it
/// has started is ended on the way out.
func untilInterrupted(_ body: @escaping @Sendable () async throws -> Void) async throws {
  // Trapped before the first process is started.
  let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await body() }
    group.addTask {
      for await signal in signals { throw Interrupted(signal: signal) }
    }
    defer { group.cancelAll() }
    try await group.next()
  }
}

struct Interrupted: Error, CustomStringConvertible {
  var signal: UnixSignal
  /// As a shell has it for a program that a signal ended.
  var status: Int32 { 128 + signal.rawValue }
  var description: String { "interrupted by \(signal)" }
}
