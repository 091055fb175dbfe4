import CoreMetrics
import NIOCore

/// What a gossiping node counts, made once. Confined to the event loop.
final class GossipMetrics {
  private let sentPackets: Counter
  private let sentBytes: Counter
  private let sentStreamBytes: Counter
  private let receivedPackets: Counter
  private let receivedBytes: Counter
  private let failedSends: Counter
  private let failedExchanges: Counter
  private let openStreams: Gauge
  private let health: Gauge
  private let queuedBytes: Gauge
  /// All from the start, so that a rate over them begins at 0.
  private let refusals: [Refusal: Counter]
  private let members: [(status: MemberStatus, gauge: Gauge)]
  private let counted: [(counter: Counter, value: any KeyPath<GossipCounters, Int> & Sendable)]
  private var last = GossipCounters()
  private var nextPublication = NIODeadline.uptimeNanoseconds(0)

  /// Whoever reads metrics does so less often.
  private static let interval = TimeAmount.seconds(1)

  init(_ factory: any MetricsFactory) {
    func counter(_ name: String, _ dimensions: [(String, String)] = []) -> Counter {
      Counter(label: "proglog_gossip_\(name)_total", dimensions: dimensions, factory: factory)
    }
    func gauge(_ name: String, _ dimensions: [(String, String)] = []) -> Gauge {
      Gauge(label: "proglog_gossip_\(name)", dimensions: dimensions, factory: factory)
    }
    sentPackets = counter("sent_packets")
    sentBytes = counter("sent_bytes", [("transport", "udp")])
    sentStreamBytes = counter("sent_bytes", [("transport", "tcp")])
    receivedPackets = counter("received_packets")
    receivedBytes = counter("received_bytes")
    failedSends = counter("failed_sends")
    failedExchanges = counter("failed_exchanges")
    openStreams = gauge("streams")
    health = gauge("health_score")
    queuedBytes = gauge("queued_bytes")
    refusals = Dictionary(
      uniqueKeysWithValues: Refusal.allCases.map {
        ($0, counter("refused", [("reason", $0.rawValue)]))
      })
    members = [MemberStatus.alive, .leaving, .left, .failed].map {
      ($0, gauge("members", [("status", $0.rawValue)]))
    }
    counted = Self.names.map { (counter($0.name), $0.value) }
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
