import NIOCore

/// What the calls of a connection may hold of messages that are not whole, and for how long.
extension RPCConnectionHandler {
  /// How often in `messageTimeout` the messages are looked at.
  private static let looksPerMessageTimeout: Int64 = 4

  /// A call holds `change` bytes more, or fewer. Throws RESOURCE_EXHAUSTED if that is too much.
  func partialMessagesChanged(by change: Int) throws(RPCStatus) {
    partialMessageBytes += change
    guard change > 0 else { return }
    lookAtPartialMessagesLater()
    let configuration = environment.configuration
    let limit = max(
      configuration.maximumPartialMessageBytes,
      configuration.maximumReceiveMessageBytes + MessageFramer.prefixBytes)
    if partialMessageBytes > limit {
      throw RPCStatus(
        .resourceExhausted, "the unfinished messages of this connection take more than \(limit) bytes")
    }
  }

  /// One timer for all messages of the connection, and none while every message is whole.
  private func lookAtPartialMessagesLater() {
    guard partialMessageTimer == nil else { return }
    let timeout = environment.configuration.connection.messageTimeout
    partialMessageTimer = schedule(.nanoseconds(timeout.nanoseconds / Self.looksPerMessageTimeout)) {
      $0.lookAtPartialMessages(timeout)
    }
  }

  private func lookAtPartialMessages(_ timeout: TimeAmount) {
    partialMessageTimer = nil
    let now = eventLoop.now
    for call in calls.values {
      if let start = call.partialSince, now - start >= timeout {
        call.fail(RPCStatus(.deadlineExceeded, "a message of the request was not whole within \(timeout)"))
      }
    }
    if partialMessageBytes > 0 { lookAtPartialMessagesLater() }
  }
}
