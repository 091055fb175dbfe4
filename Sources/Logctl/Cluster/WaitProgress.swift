import Glibc
import Synchronization

/// What a command waits for, on one line of a terminal; elsewhere a line for each thing that is waited for.
final class WaitProgress: Sendable {
  private struct State {
    var isShown = false
    /// Without its numbers, which change all the time.
    var lastKind = ""
  }

  private let isTerminal: Bool
  private let write: @Sendable (String) -> Void
  private let state = Mutex(State())

  /// - Parameter write: where to, standard error by default.
  init(
    isTerminal: Bool = Console.isTerminal(STDERR_FILENO),
    write: @escaping @Sendable (String) -> Void = {
      // A terminal that has gone must not stop the work.
      try? Console.write(Array($0.utf8), to: STDERR_FILENO)
    }
  ) {
    self.isTerminal = isTerminal
    self.write = write
  }

  func show(_ text: String) {
    let isDue = self.state.withLock { state in
      let kind = text.filter { !$0.isNumber }
      defer { (state.isShown, state.lastKind) = (true, kind) }
      return self.isTerminal || kind != state.lastKind
    }
    guard isDue else { return }
    self.write(self.isTerminal ? "\r\(text)\u{1B}[K" : "logctl: \(text)\n")
  }

  /// Leaves the line.
  func finish() {
    let wasShown = self.state.withLock { state in
      defer { state.isShown = false }
      return state.isShown
    }
    if wasShown, self.isTerminal { self.write("\n") }
  }
}
