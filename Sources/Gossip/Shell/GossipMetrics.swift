import CoreMetrics
import NIOCore

/// What a gossiping node counts, made once. Confined to the event loop.
final class GossipMetrics {
  private let sentPackets = Counter(label: "proglog_gossip_sent_packets_total")
  private let sentBytes = Counter(label: "proglog_gossip_sent_bytes_total", dimensions: [("transport", "udp")])
  private let sentStreamBytes = Counter(label: "proglog_gossip_sent_bytes_total", dimensions: [("transport", "tcp")])
  private let receivedPackets = Counter(label: "proglog_gossip_received_packets_total")
  private let receivedBytes = Counter(label: "proglog_gossip_received_bytes_total")
  private let failedSends = Counter(label: "proglog_gossip_failed_sends_total")
  private let failedExchanges = Counter(label: "proglog_gossip_failed_exchanges_total")
  private let openStreams = Gauge(label: "proglog_gossip_streams")
  private let health = Gauge(label: "proglog_gossip_health_score")
  private let queuedBytes = Gauge(label: "proglog_gossip_queued_bytes")
  /// All from the start, so that a rate over them begins at 0.
  private let refusals: [Refusal: Counter]
  private let members: [(status: MemberStatus, gauge: Gauge)]
  private let counted: [(counter: Counter, value: any KeyPath<GossipCounters, Int> & Sendable)]
  private var last = GossipCounters()
  private var nextPublication = NIODeadline.uptimeNanoseconds(0)

  /// Whoever reads metrics does so less often.
  private static let interval = TimeAmount.seconds(1)

  init() {
    refusals = Dictionary(
      uniqueKeysWithValues: Refusal.allCases.map {
        ($0, Counter(label: "proglog_gossip_refused_total", dimensions: [("reason", $0.rawValue)]))
      })
    members = [MemberStatus.alive, .leaving, .left, .failed].map {
      ($0, Gauge(label: "proglog_gossip_members", dimensions: [("status", $0.rawValue)]))
    }
    counted = Self.names.map { (Counter(label: "proglog_gossip_\($0.name)_total"), $0.value) }
    openStreams.record(0)
  }

  private static let names: [(name: String, value: any KeyPath<GossipCounters, Int> & Sendable)] = [
    ("probes", \.probes), ("failed_probes", \.failedProbes), ("suspicions", \.suspicions),
    ("refutations", \.refutations), ("deaths", \.deaths), ("flaps", \.flaps), ("conflicts", \.conflicts),
    ("exchanges", \.exchanges), ("pauses", \.pauses), ("not_admitted", \.notAdmitted),
    ("incompatible", \.incompatible), ("malformed", \.malformed), ("overflows", \.overflows),
    ("dropped_broadcasts", \.droppedBroadcasts),
  ]

  func sent(bytes: Int) {
    sentPackets.increment()
    sentBytes.increment(by: Int64(bytes))
  }

  func sentOverStream(bytes: Int) { sentStreamBytes.increment(by: Int64(bytes)) }

  func received(bytes: Int) {
    receivedPackets.increment()
    receivedBytes.increment(by: Int64(bytes))
  }

  func sendFailed() { failedSends.increment() }

  func exchangeFailed() { failedExchanges.increment() }

  func streams(_ count: Int) { openStreams.record(count) }

  func refused(_ error: any Error) { refusals[Refusal(error)]?.increment() }

  /// What the core counts, now and then.
  func publish(_ core: GossipCore, at now: NIODeadline) {
    guard now >= nextPublication else { return }
    nextPublication = now + Self.interval
    let counters = core.counters
    for (counter, value) in counted { counter.increment(by: Int64(counters[keyPath: value] - last[keyPath: value])) }
    last = counters
    health.record(core.healthScore)
    queuedBytes.record(core.queued.bytes)
    let views = core.memberViews
    for (status, gauge) in members { gauge.record(views.count { $0.status == status }) }
  }
}

/// Why bytes were refused, for a metric.
private enum Refusal: String, CaseIterable {
  case plaintext, undecryptable, encrypted, labelled, checksum, malformed, size, silent, stalled, streams, other

  init(_ error: any Error) {
    switch error {
    case let error as WireError: self.init(error.reason)
    case let error as GossipStream.Failure: self.init(error)
    default: self = .other
    }
  }

  private init(_ reason: WireError.Reason) {
    switch reason {
    case .notEncrypted: self = .plaintext
    case .undecryptable, .unknownEncryption: self = .undecryptable
    case .encryptionIsOff: self = .encrypted
    case .labelled: self = .labelled
    case .wrongChecksum: self = .checksum
    case .tooLong: self = .size
    case .incomplete, .unexpectedType, .outOfRange, .tooDeep, .invalidText, .missing, .invalidField, .unknownMessage,
      .nested, .unknownCompression, .corruptCompression:
      self = .malformed
    }
  }

  private init(_ failure: GossipStream.Failure) {
    switch failure {
    case .silent: self = .silent
    case .stalled, .cutOff: self = .stalled
    case .tooMany: self = .streams
    case .tooManyBytes: self = .size
    case .unexpected: self = .malformed
    }
  }
}
