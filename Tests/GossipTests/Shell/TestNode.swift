import Gossip
import Logging
import MetricsTestKit
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// A node of ours on loopback.
final class TestNode: Sendable {
  let name: MemberName
  let node: GossipNode
  let address: GossipAddress
  let metrics = TestMetrics()
  private let events: EventLog

  private final class EventLog: Sendable {
    let events = Mutex<[MemberEvent]>([])
  }

  init(
    _ name: String, at address: GossipAddress? = nil, tags: [String: String] = [:],
    security: GossipSecurity = GossipSecurity(), settings: GossipSettings = .local,
    change: (inout GossipConfiguration) -> Void = { _ in }
  ) async throws {
    self.name = MemberName(name)
    let bind = address ?? GossipAddress(bytes: [127, 0, 0, 1], port: 0)
    var configuration = GossipConfiguration(
      name: self.name, bindAddress: try bind.socketAddress(), tags: tags, settings: settings, security: security)
    change(&configuration)
    let log = EventLog()
    events = log
    var logger = Logger(label: name)
    logger.logLevel = .error
    node = GossipNode(
      configuration, eventLoop: MultiThreadedEventLoopGroup.singleton.next(), logger: logger, metrics: metrics
    ) { event in
      if case .member(let event) = event { log.events.withLock { $0.append(event) } }
    }
    self.address = try await node.start()
  }

  /// What it was told of a member, in order.
  func events(of name: String) -> [MemberEvent.Kind] {
    events.events.withLock { $0.filter { $0.member.name.text == name }.map(\.kind) }
  }

  func member(_ name: String) async -> MemberView? { await node.members().first { $0.name.text == name } }

  /// Waits until it sees a member so.
  func sees(_ name: String, _ status: MemberStatus, tags: [String: String]? = nil) async throws {
    try await eventually("\(self.name) sees \(name) \(status) with \(tags ?? [:])") { () -> Bool? in
      guard let member = await member(name), member.status == status else { return nil }
      return tags == nil || member.tags == tags ? true : nil
    }
  }

  /// How often bytes were refused for a reason.
  func refusals(_ reason: String) -> Int64 {
    metrics.counterTotal(label: "proglog_gossip_refused_total", dimensions: [("reason", reason)])
  }

  /// Until one of them answers.
  func join(_ others: GossipAddress...) async throws {
    try await eventually("\(name) joins") { try await node.join(others).contacted > 0 ? true : nil }
  }

  func leave() async throws {
    try await node.leave(within: .seconds(20))
    await node.shutdown()
  }

  /// Without a word, as kill -9 does it.
  func kill() async { await node.shutdown() }
}
