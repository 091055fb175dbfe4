import Synchronization
import Testing

@testable import Logctl

@Suite("logctl's waiting")
struct WaitProgressTests {
  private final class Written: Sendable {
    private let mutex = Mutex("")

    var text: String { self.mutex.withLock { $0 } }

    func add(_ text: String) { self.mutex.withLock { $0 += text } }
  }

  @Test("a terminal has one line, which changes")
  func terminal() {
    let written = Written()
    let progress = WaitProgress(isTerminal: true) { written.add($0) }
    progress.show("it lacks 9 entries")
    progress.show("it lacks 8 entries")
    progress.finish()
    progress.finish()
    #expect(written.text == "\rit lacks 9 entries\u{1B}[K\rit lacks 8 entries\u{1B}[K\n")
  }

  @Test("elsewhere what only its numbers tell apart is said once")
  func file() {
    let written = Written()
    let progress = WaitProgress(isTerminal: false) { written.add($0) }
    progress.show("it lacks 9 entries")
    progress.show("it lacks 10 entries")
    progress.show("something else")
    progress.finish()
    #expect(written.text == "logctl: it lacks 9 entries\nlogctl: something else\n")
  }
}
