import NIOCore

/// When the calls of a connection have to be over: one timer for all of them, since most calls have a deadline and few reach
/// it.
extension RPCConnectionHandler {
  /// A call has a deadline now.
  func deadlineAdded(_ deadline: NIODeadline) {
    if let nextDeadlineLook, nextDeadlineLook <= deadline { return }
    lookAtDeadlines(at: deadline)
  }

  private func lookAtDeadlines(at time: NIODeadline) {
    deadlineTimer?.cancel()
    nextDeadlineLook = time
    deadlineTimer = schedule(at: time) { $0.lookAtDeadlines() }
  }

  private func lookAtDeadlines() {
    nextDeadlineLook = nil
    let now = eventLoop.now
    var next: NIODeadline?
    for call in calls.values {
      guard let deadline = call.deadline else { continue }
      if deadline <= now {
        call.deadlinePassed()
      } else {
        next = min(next ?? deadline, deadline)
      }
    }
    if let next { deadlineAdded(next) }
  }
}
