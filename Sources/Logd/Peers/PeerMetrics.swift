import CoreMetrics

/// What the connections between nodes count, made once: no message looks a metric up. Confined to the event loop.
final class PeerMetrics {
  /// What goes over one lane.
  final class Lane {
    private let sentMessages: Counter
    private let sentBytes: Counter
    private let receivedMessages: Counter
    private let receivedBytes: Counter
    private let droppedMessages: Counter
    private let dialed: Gauge
    private let accepted: Gauge
    private var open = (dialed: 0, accepted: 0)

    init(_ lane: PeerLane) {
      let labels = [("lane", lane.name)]
      sentMessages = Counter(label: "proglog_peer_sent_messages_total", dimensions: labels)
      sentBytes = Counter(label: "proglog_peer_sent_bytes_total", dimensions: labels)
      receivedMessages = Counter(label: "proglog_peer_received_messages_total", dimensions: labels)
      receivedBytes = Counter(label: "proglog_peer_received_bytes_total", dimensions: labels)
      droppedMessages = Counter(label: "proglog_peer_dropped_messages_total", dimensions: labels)
      dialed = Gauge(label: "proglog_peer_connections", dimensions: labels + [("direction", "dialed")])
      accepted = Gauge(label: "proglog_peer_connections", dimensions: labels + [("direction", "accepted")])
      dialed.record(0)
      accepted.record(0)
    }

    func sent(messages: Int, bytes: Int) {
      sentMessages.increment(by: Int64(messages))
      sentBytes.increment(by: Int64(bytes))
    }

    func received(messages: Int, bytes: Int) {
      receivedMessages.increment(by: Int64(messages))
      receivedBytes.increment(by: Int64(bytes))
    }

    func dropped() { droppedMessages.increment() }

    func connections(isDialed: Bool, changedBy change: Int) {
      if isDialed { open.dialed += change } else { open.accepted += change }
      dialed.record(open.dialed)
      accepted.record(open.accepted)
    }
  }

  private let control = Lane(.control)
  private let data = Lane(.data)
  /// By reason, in the order of `HelloRefusal.allCases`; all from the start, so that a rate over them begins at 0.
  private let refusedByUs: [Counter]
  private let refusedByOthers: [Counter]
  private let failedGreetings = Counter(label: "proglog_peer_failed_greetings_total")
  private let badFrames = Counter(label: "proglog_peer_bad_frames_total")
  private let failedDials = Counter(label: "proglog_peer_failed_dials_total")

  init() {
    func counters(_ direction: String) -> [Counter] {
      HelloRefusal.allCases.map {
        Counter(
          label: "proglog_peer_refused_handshakes_total", dimensions: [("reason", $0.name), ("direction", direction)])
      }
    }
    refusedByUs = counters("accepted")
    refusedByOthers = counters("dialed")
  }

  func lane(_ lane: PeerLane) -> Lane {
    switch lane {
    case .control: control
    case .data: data
    }
  }

  /// No hello or answer came in time, or bytes that are none.
  func greetingFailed() { failedGreetings.increment() }
  /// Bytes came that are no frame.
  func frameFailed() { badFrames.increment() }
  func dialFailed() { failedDials.increment() }

  func refused(_ refusal: HelloRefusal, isDialed: Bool) {
    let counters = isDialed ? refusedByOthers : refusedByUs
    guard let position = HelloRefusal.allCases.firstIndex(of: refusal) else { return }
    counters[position].increment()
  }
}
