import CCommitLog
import Glibc

/// A thread of its own for calls that block on the disk, which must not hold up an event loop or the cooperative pool.
struct StorageThread: Sendable {
  private let thread: pthread_t

  /// Starts a thread that runs `body` once. The name has at most 15 bytes.
  init(name: String, _ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let start = Unmanaged.passRetained(
      Start {
        ccommitlog_name_thread(name)
        body()
      })
    let result = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, start.toOpaque())
    precondition(result == 0, "pthread_create failed with errno \(result)")
    self.thread = thread
  }

  /// Waits until the thread has ended. Once only, and not from the thread itself.
  func join() {
    let result = pthread_join(thread, nil)
    precondition(result == 0, "pthread_join failed with errno \(result)")
  }

  private final class Start: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
      self.body = body
    }
  }
}
