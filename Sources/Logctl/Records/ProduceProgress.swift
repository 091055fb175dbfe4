import Glibc
import Synchronization

/// How far a produce has come, on one line of a terminal.
final class ProduceProgress: Sendable {
  /// Often enough to look alive, rarely enough to cost nothing.
  private static let interval = Duration.milliseconds(200)

  private struct State {
    var records = 0
    var bytes = 0
    var lastShown: ContinuousClock.Instant
    var hasShown = false
  }

  private let isShown: Bool
  private let start = ContinuousClock.now
  private let state: Mutex<State>

  init(isShown: Bool) {
    self.isShown = isShown
    self.state = Mutex(State(lastShown: self.start))
  }

  /// A value was read and is on its way.
  func sending(bytes: Int) {
    self.state.withLock { $0.bytes += bytes }
  }

  /// So many more records are durable.
  func acknowledged(records: Int) {
    guard self.isShown else { return }
    let line = self.state.withLock { state -> String? in
      state.records += records
      let now = ContinuousClock.now
      guard now - state.lastShown >= Self.interval else { return nil }
      state.lastShown = now
      state.hasShown = true
      return Self.line(records: state.records, bytes: state.bytes, elapsed: now - self.start)
    }
    if let line { self.show("\r\(line)\u{1B}[K") }
  }

  /// Shows the total, if anything has been shown: short work needs no words.
  func finish() {
    let line = self.state.withLock { state in
      state.hasShown
        ? Self.line(records: state.records, bytes: state.bytes, elapsed: ContinuousClock.now - self.start) : nil
    }
    if let line { self.show("\r\(line)\u{1B}[K\n") }
  }

  static func line(records: Int, bytes: Int, elapsed: Duration) -> String {
    let seconds = max(elapsed / .seconds(1), 0.001)
    let rate = Int((Double(records) / seconds).rounded())
    // Bytes run ahead of the records by what waits for an answer.
    return "\(records) records, \(rate)/s, \(self.size(bytes)) sent"
  }

  /// With three digits or so, in powers of 1000: `999 B`, `1.5 kB`, `20.0 MB`.
  static func size(_ bytes: Int) -> String {
    guard bytes >= 1_000 else { return "\(bytes) B" }
    var tenths = bytes / 100
    var units = ["kB", "MB", "GB", "TB"][...]
    while tenths >= 10_000, units.count > 1 {
      tenths /= 1_000
      units.removeFirst()
    }
    return "\(tenths / 10).\(tenths % 10) \(units.first ?? "")"
  }

  private func show(_ text: String) {
    // A terminal that has gone must not stop the work.
    try? Console.write(Array(text.utf8), to: STDERR_FILENO)
  }
}
