import CommitLog
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Logd
@testable import Raft

@Suite("Peers on sockets", .timeLimit(.minutes(5)))
struct PeerConnectionsTests {
  private static let a = PeerSamples.peer("a")
  private static let b = PeerSamples.peer("b")

  private func withPair(
    _ configuration: PeerConnections.Configuration = PeerNode.defaults, clusterOfB: String? = "c",
    logger: Logger = .silent, _ body: (PeerNode, PeerNode, MultiThreadedEventLoopGroup) async throws -> Void
  ) async throws {
    try await withLoop { group in
      let a = try await PeerNode.start(Self.a, on: group, configuration: configuration, logger: logger)
      let b = try await PeerNode.start(
        Self.b, cluster: clusterOfB, on: group, configuration: configuration, logger: logger)
      try await body(a, b, group)
      try await a.stop()
      try await b.stop()
    }
  }

  @Test("two nodes tell each other messages of all kinds, each lane in order")
  func exchange() async throws {
    try await withPair { a, b, _ in
      try await a.setMembers([a.member, b.member])
      try await b.setMembers([a.member, b.member])
      for (sender, receiver) in [(a, b), (b, a)] {
        try await sender.reach(receiver)
        // What is on its way yet is behind these.
        receiver.inbox.clear()
        try await sender.send(PeerSamples.messages, to: receiver.peer)
        for lane in PeerLane.allCases {
          let expected = PeerSamples.messages.filter { PeerLane(for: $0) == lane }
          try await eventually("messages of lane \(lane)") {
            let received = receiver.inbox.messages(from: sender.peer).filter { PeerLane(for: $0) == lane }
            return received.suffix(expected.count) == expected[...] ? true : nil
          }
        }
      }
      // Two each way.
      #expect(try await a.connections() == (2, 2))
      #expect(a.inbox.lost.isEmpty && b.inbox.lost.isEmpty)
    }
  }

  @Test("a member that comes back at its address is reached again, and that it was gone is told")
  func restart() async throws {
    try await withPair { a, b, group in
      try await a.setMembers([b.member])
      try await a.reach(b)
      try await b.stop()
      try await eventually("a hears of the loss") { a.inbox.lost.contains(b.peer) ? true : nil }
      let again = try await PeerNode.start(b.peer, on: group, port: b.port)
      try await a.reach(again)
      try await again.stop()
    }
  }

  @Test("what cannot be sent is dropped, and told once, in a turn of its own")
  func dropped() async throws {
    try await withPair { a, b, _ in
      try await b.stop()
      try await a.setMembers([b.member])
      let lostInTheSameTurn = try await a.peers.eventLoop.submit {
        for _ in 0..<5 { a.peers.send(PeerSamples.append([10]), to: b.peer) }
        a.peers.send(PeerSamples.heartbeat(1), to: b.peer)
        a.peers.flush()
        return a.inbox.lost
      }.get()
      #expect(lostInTheSameTurn == [])
      try await eventually("a hears of the loss") { a.inbox.lost == [b.peer] ? true : nil }
      // Of one who is no member, and no peer, nobody wants to hear.
      try await a.send([PeerSamples.append([10])], to: PeerSamples.peer("x"))
      try await a.send([PeerSamples.append([10])], to: b.peer)
      #expect(a.inbox.lost == [b.peer])
    }
  }

  @Test("a node in no cluster answers one that it does not know, over the connections that it was dialed by")
  func learner() async throws {
    try await withPair(clusterOfB: nil) { a, b, _ in
      b.inbox.onMessage { _, sender in
        b.peers.send(.heartbeatResponse(HeartbeatResponse(term: Term(5), round: 1)), to: sender)
        b.peers.flush()
      }
      try await a.setMembers([b.member])
      try await a.reach(b)
      try await eventually("an answer") { a.inbox.messages(from: b.peer).isEmpty ? nil : true }
      #expect(try await b.connections() == (0, 2))
      // While it is courted by one cluster, another has to wait.
      let other = try await RawPeer.connect(to: b)
      try await other.greet(PeerSamples.hello(cluster: "d", from: PeerSamples.peer("d"), to: b.peer))
      #expect(try await other.answer() == HelloAnswer(refusal: .otherCluster, clusterID: nil, peer: b.peer))
      try await other.closed()
    }
  }

  @Test("a node that learns its cluster is done with all others")
  func learnsCluster() async throws {
    try await withPair(clusterOfB: nil) { a, b, _ in
      let stranger = try await RawPeer.connect(to: b)
      try await stranger.greet(PeerSamples.hello(cluster: "d", from: PeerSamples.peer("d"), to: b.peer))
      #expect(try await stranger.answer().refusal == nil)
      try await b.peers.eventLoop.submit { b.peers.identity.clusterID = "c" }.get()
      try await stranger.closed()
      try await a.setMembers([b.member])
      try await a.reach(b)
    }
  }

  @Test("wrong cluster, wrong life, wrong name, own name: refused with the reason and who is here")
  func refusals() async throws {
    try await withPair { a, b, _ in
      for (hello, refusal) in [
        (PeerSamples.hello(cluster: "d"), HelloRefusal.otherCluster), (PeerSamples.hello(cluster: nil), .noCluster),
        (PeerSamples.hello(to: PeerSamples.peer("b", life: 2)), .otherIncarnation),
        (PeerSamples.hello(to: a.peer), .otherNode), (PeerSamples.hello(from: b.peer), .sameName),
      ] {
        let raw = try await RawPeer.connect(to: b)
        try await raw.greet(hello)
        #expect(try await raw.answer() == HelloAnswer(refusal: refusal, clusterID: "c", peer: b.peer))
        try await raw.closed()
      }
      #expect(try await b.connections() == (0, 0))
    }
  }

  @Test("a wiped member is not talked to, which is logged; as a new member it is")
  func wiped() async throws {
    let lines = Mutex<[String]>([])
    let logger = Logger(label: "test") { _ in LineHandler { line in lines.withLock { $0.append(line) } } }
    try await withPair(logger: logger) { a, b, group in
      try await a.setMembers([b.member])
      try await a.reach(b)
      try await b.stop()
      let wiped = try await PeerNode.start(PeerSamples.peer("b", life: 2), cluster: nil, on: group, port: b.port)
      try await eventually("a says what is wrong") {
        lines.withLock { lines in lines.contains { $0.contains("its data directory is another") } } ? true : nil
      }
      try await a.send([PeerSamples.heartbeat(1)], to: b.peer)
      #expect(wiped.inbox.messages(from: a.peer).isEmpty)
      try await a.setMembers([wiped.member])
      try await a.reach(wiped)
      try await wiped.stop()
    }
  }

  @Test("who was removed gets what is said to it for a while, then its connections are closed")
  func removed() async throws {
    var configuration = PeerNode.defaults
    configuration.retirementGrace = .milliseconds(500)
    try await withPair(configuration) { a, b, _ in
      try await a.setMembers([a.member, b.member])
      try await a.reach(b)
      try await a.peers.eventLoop.submit {
        a.peers.setMembers([a.member])
        a.peers.send(PeerSamples.heartbeat(99), to: b.peer)
        a.peers.flush()
      }.get()
      try await eventually("the last heartbeat") {
        b.inbox.messages(from: a.peer).contains(PeerSamples.heartbeat(99)) ? true : nil
      }
      try await eventually("nothing is open") { try await a.connections() == (0, 0) ? true : nil }
      #expect(try await a.peers.eventLoop.submit { a.peers.hub.value.remotes.isEmpty }.get())
      // Back again.
      try await a.setMembers([a.member, b.member])
      b.inbox.clear()
      try await a.reach(b)
    }
  }

  @Test("a member that moved is dialed where it is now")
  func moved() async throws {
    try await withPair { a, b, group in
      try await a.setMembers([b.member])
      try await a.reach(b)
      let moved = try await PeerNode.start(b.peer, on: group)
      try await a.setMembers([moved.member])
      try await a.reach(moved)
      try await eventually("the old connections are closed") { try await b.connections() == (0, 0) ? true : nil }
      try await moved.stop()
    }
  }

  @Test("a name is looked up; one that is none, and no address at all, are tried again and do no harm")
  func names() async throws {
    try await withPair { a, b, _ in
      for address in ["no-such-host.invalid:1", "nonsense"] {
        try await a.setMembers([Member(peer: b.peer, address: address, role: .voter)])
        try await a.send([PeerSamples.heartbeat(1)], to: b.peer)
      }
      try await a.setMembers([Member(peer: b.peer, address: "localhost:\(b.port)", role: .voter)])
      try await a.reach(b)
    }
  }

  @Test("a second connection of a peer takes the place of the first")
  func replaced() async throws {
    try await withPair { _, b, _ in
      let first = try await RawPeer.connect(to: b)
      try await first.greet(PeerSamples.hello())
      _ = try await first.answer()
      let second = try await RawPeer.connect(to: b)
      try await second.greet(PeerSamples.hello())
      #expect(try await second.answer().refusal == nil)
      try await first.closed()
      try await b.send([PeerSamples.heartbeat(4)], to: PeerSamples.peer("a"))
      let expected = PeerSamples.bytes(PeerSamples.heartbeat(4))
      try await eventually("a heartbeat") {
        second.received.bytes.readableBytesView.suffix(expected.readableBytes).elementsEqual(expected.readableBytesView)
          ? true : nil
      }
    }
  }

  @Test("accepted connections are bounded, greeted or not")
  func bounded() async throws {
    var configuration = PeerNode.defaults
    configuration.maximumAccepted = 2
    configuration.maximumGreeting = 3
    try await withPair(configuration) { _, b, _ in
      for lane in PeerLane.allCases {
        let raw = try await RawPeer.connect(to: b)
        try await raw.greet(PeerSamples.hello(lane: lane))
        #expect(try await raw.answer().refusal == nil)
      }
      let third = try await RawPeer.connect(to: b)
      try await third.greet(PeerSamples.hello(from: PeerSamples.peer("x")))
      #expect(try await third.answer().refusal == .busy)
      try await third.closed()
      // One who has a place may take it anew.
      let again = try await RawPeer.connect(to: b)
      try await again.greet(PeerSamples.hello())
      #expect(try await again.answer().refusal == nil)
      var silent: [RawPeer] = []
      for _ in 0..<3 {
        let raw = try await RawPeer.connect(to: b)
        try await raw.write(ByteBuffer(bytes: [0x01]))
        silent.append(raw)
      }
      try await eventually("all are in their greeting") {
        try await b.peers.eventLoop.submit { b.peers.hub.value.greetingConnections }.get() == 3 ? true : nil
      }
      let fourth = try await RawPeer.connect(to: b)
      try await fourth.write(ByteBuffer(bytes: [0x01]))
      try await fourth.closed()
      for raw in silent {
        #expect(!raw.received.isClosed)
        try await raw.channel.close()
      }
      try await eventually("none is in its greeting") {
        try await b.peers.eventLoop.submit { b.peers.hub.value.greetingConnections }.get() == 0 ? true : nil
      }
    }
  }

  @Test("stopped in the middle of everything, all is closed, and nothing comes back")
  func stops() async throws {
    try await withPair { a, b, _ in
      try await a.setMembers([b.member, Member(peer: PeerSamples.peer("x"), address: "127.0.0.1:1", role: .voter)])
      try await a.reach(b)
      let silent = try await RawPeer.connect(to: a)
      try await silent.write(ByteBuffer(bytes: [0x01]))
      try await eventually("it is there") {
        try await a.peers.eventLoop.submit { a.peers.hub.value.greetingConnections }.get() == 1 ? true : nil
      }
      try await a.peers.eventLoop.flatSubmit { a.peers.stop() }.get()
      try await silent.closed()
      #expect(try await a.connections() == (0, 0))
      try await a.setMembers([b.member])
      try await a.send([PeerSamples.heartbeat(1), PeerSamples.append([1])], to: b.peer)
      try await eventually("b has lost its connections") { try await b.connections() == (0, 0) ? true : nil }
      #expect(try await a.peers.eventLoop.submit { a.peers.hub.value.pendingDials }.get() == 0)
      let late = try await RawPeer.connect(to: a)
      try await late.greet(PeerSamples.hello(from: b.peer, to: a.peer))
      try await late.closed()
    }
  }
}

/// Gives each line to a closure.
private struct LineHandler: LogHandler {
  let write: @Sendable (String) -> Void
  var logLevel = Logger.Level.trace
  var metadata = Logger.Metadata()

  init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { write("\(event.message) \(event.metadata ?? [:])") }
}
