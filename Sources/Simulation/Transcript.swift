import Glibc
import Synchronization

/// What happened in a run, line by line, for a person who replays a seed.
package final class Transcript: Sendable {
  private let text = Mutex<[String]>([])

  private let prints: Bool

  /// - Parameter prints: every line at once too, for a run that may end its process.
  package init(prints: Bool = false) {
    self.prints = prints
  }

  package func add(_ line: String) {
    if prints {
      print(line)
      fflush(nil)
    }
    text.withLock { $0.append(line) }
  }

  package var lines: [String] { text.withLock { $0 } }
}
