/// Times and bounds of a member. The defaults are memberlist's for a LAN and Serf's.
package struct GossipSettings: Sendable {
  // SWIM §4.3 and Lifeguard: probing.
  /// One member is probed in this time.
  package var probeInterval: Duration = .seconds(1)
  /// After so long without an answer others are asked. Above the 99th percentile of a round trip.
  package var probeTimeout: Duration = .milliseconds(500)
  /// How many are asked to probe for us (SWIM §3.1's k).
  package var indirectProbes = 3
  package var pingsOverStream = true
  /// Lifeguard's S: the local health is below it.
  package var maximumHealthScore = 8
  package var lifeguard = Lifeguard.all

  // Lifeguard §IV-B: suspicion.
  /// α: a suspicion lasts at least α · log10(n) probe intervals.
  package var suspicionMultiplier = 4
  /// β: without confirmation it lasts β times as long.
  package var maximumSuspicionMultiplier = 6

  // SWIM §4.1: gossip.
  package var gossipInterval: Duration = .milliseconds(200)
  package var gossipFanout = 3
  /// λ: a message is sent λ · ⌈log10(n + 1)⌉ times.
  package var retransmitMultiplier = 4
  /// For so long the dead are gossiped to, so that one that is not dead hears of it; then memberlist forgets them.
  package var gossipToTheDead: Duration = .seconds(30)
  /// After so long another address may take the name of a dead member: a pod comes back under another address.
  /// memberlist's default is never, Consul's 30 s.
  package var deadNameReclaim: Duration = .seconds(30)

  /// Whole states are exchanged with one member in this time; less often in a large cluster.
  package var pushPullInterval: Duration = .seconds(30)
  /// What a shell should allow a stream.
  package var streamTimeout: Duration = .seconds(10)

  // Serf.
  package var reconnectInterval: Duration = .seconds(30)
  /// For so long a failed member is called.
  package var reconnectTimeout: Duration = .seconds(72 * 3600)
  /// For so long it is remembered that a member has left.
  package var tombstoneTimeout: Duration = .seconds(24 * 3600)
  package var reapInterval: Duration = .seconds(15)
  package var recentIntentTimeout: Duration = .seconds(5 * 60)
  /// For so long a leave waits for each of its messages to go out.
  package var broadcastTimeout: Duration = .seconds(5)
  /// For so long a node that has left stays, and answers probes of those who have not heard of it.
  package var leavePropagation: Duration = .seconds(1)

  // Bounds.
  /// Of a UDP packet: below Ethernet's 1500 less the headers of IPv6 and UDP.
  package var maximumPacketBytes = 1400
  /// What a shell puts around messages, at most: checksum 5, encryption 1 + 12 + 16, compound 2.
  package var packetOverheadBytes = 36
  package var maximumMembers = 1024
  package var maximumNameBytes = 128
  /// memberlist's own bound.
  package var maximumMetaBytes = 512
  /// Of each of the four queues of messages that wait to be gossiped: a thousand small ones.
  package var maximumQueueBytes = 128 << 10
  package var maximumUserEventBytes = 512
  package var maximumQueryBytes = 1024
  package var maximumAnswerBytes = 1024
  /// Of events and queries that are remembered, so that none is passed on twice.
  package var maximumRecentBytes = 256 << 10
  package var maximumRecentIntents = 1024

  /// Whether a member of these tags may be one of this cluster.
  package var admits: @Sendable (MemberName, _ meta: [UInt8]) -> Bool = { _, _ in true }

  #if PLANTED_BUGS
  package var plantedDefects: Set<GossipDefect> = []
  #endif

  package init() {}

  /// memberlist's DefaultLANConfig.
  package static var lan: Self { Self() }

  /// memberlist's DefaultLocalConfig: nodes on one machine.
  package static var local: Self {
    var settings = Self()
    settings.streamTimeout = .seconds(1)
    settings.indirectProbes = 1
    settings.retransmitMultiplier = 2
    settings.suspicionMultiplier = 3
    settings.pushPullInterval = .seconds(15)
    settings.probeTimeout = .milliseconds(200)
    settings.gossipInterval = .milliseconds(100)
    settings.gossipToTheDead = .seconds(15)
    return settings
  }
}

/// What Lifeguard (Dadgar, Phillips and Currey, 2017) adds to SWIM; each can be left out, to measure what it is worth.
package struct Lifeguard: OptionSet, Hashable, Sendable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// §IV-A: a node that has reason to doubt itself probes more slowly.
  package static let probe = Self(rawValue: 1)
  /// §IV-B: a suspicion lasts long, and is shortened by each member that has it too.
  package static let suspicion = Self(rawValue: 2)
  /// §IV-C: whoever probes a suspect tells it of the suspicion first.
  package static let buddy = Self(rawValue: 4)
  /// Ours: a node that was not run for a while (a paused machine, SIGSTOP) holds that time against nobody.
  package static let pauses = Self(rawValue: 8)

  package static let all: Self = [.probe, .suspicion, .buddy, .pauses]
}
