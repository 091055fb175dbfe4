package import NIOHTTP2

/// How a connection ends without losing a call (RFC 9113, 6.8): a GOAWAY that allows everything, a PING to learn when the
/// client has read it, a GOAWAY with the last stream that was taken, and the end once no call is open.
package struct ConnectionDrain: Equatable {
  package enum Action: Equatable {
    /// GOAWAY that still allows every stream.
    case announce
    case goAway(lastStreamID: HTTP2StreamID)
    case ping
    case close
  }

  private enum Phase: Equatable {
    case serving
    case announced
    case refusing
    case closed
  }

  private var phase = Phase.serving
  private var openStreams = 0
  private var lastStreamID = HTTP2StreamID.rootStream

  package init() {}

  package var isDraining: Bool { phase != .serving }
  package var hasOpenStreams: Bool { openStreams > 0 }
  /// Whether the last stream has been named: later ones are refused.
  package var refusesStreams: Bool { phase == .refusing || phase == .closed }

  package mutating func streamOpened(_ id: HTTP2StreamID) {
    openStreams += 1
    lastStreamID = max(lastStreamID, id)
  }

  package mutating func streamClosed() -> [Action] {
    precondition(openStreams > 0, "a stream was closed on a connection that has none open (\(self))")
    openStreams -= 1
    return closeIfDone()
  }

  /// Starts the end; nothing if it has started.
  package mutating func begin() -> [Action] {
    guard phase == .serving else { return [] }
    phase = .announced
    return [.announce, .ping]
  }

  /// The client has read the first GOAWAY, or has had its time for it.
  package mutating func announcementRead() -> [Action] {
    guard phase == .announced else { return [] }
    phase = .refusing
    return [.goAway(lastStreamID: lastStreamID)] + closeIfDone()
  }

  private mutating func closeIfDone() -> [Action] {
    guard phase == .refusing, openStreams == 0 else { return [] }
    phase = .closed
    return [.close]
  }
}
