import Synchronization

/// What happened in a run, line by line, for a person who replays a seed.
package final class Transcript: Sendable {
  private let text = Mutex<[String]>([])

  package init() {}

  package func add(_ line: String) {
    text.withLock { $0.append(line) }
  }

  package var lines: [String] { text.withLock { $0 } }
}
