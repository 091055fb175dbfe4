import Gossip
import NIOCore
import Raft
import Testing

@testable import Logd

@Suite("Peers: the values that decide")
struct PeerValueTests {
  // MARK: Back-off

  @Test(
    "the wait doubles from 50 to 500 ms at least, and is up to twice that at random",
    arguments: [(0.0, [50, 100, 200, 400, 500, 500]), (0.5, [75, 150, 300, 600, 750, 750])])
  func backOff(random: Double, milliseconds: [Int]) {
    var backOff = ReconnectBackOff()
    #expect(milliseconds.map { _ in backOff.next(random: random) } == milliseconds.map { .milliseconds($0) })
    backOff.reset()
    #expect(backOff.next(random: random) == .milliseconds(milliseconds[0]))
    backOff.slowDown()
    #expect(backOff.next(random: random) == .milliseconds(milliseconds[5]))
    #expect(backOff.next(random: random) == .milliseconds(milliseconds[5]))
  }

  @Test("no wait is longer than a second")
  func backOffIsBounded() {
    var backOff = ReconnectBackOff()
    for _ in 0..<100 {
      let wait = backOff.next(random: 1 - .ulpOfOne)
      #expect(wait > .milliseconds(50) && wait <= .seconds(1))
    }
  }

  // MARK: Losses

  @Test(
    "the core hears of a loss once, and of the way that is open again",
    arguments: [
      ([.sent, .sent], [false, false]),
      ([.dropped, .dropped, .dropped], [true, false, false]),
      ([.dropped, .sent, .dropped], [true, false, true]),
      // A connection breaks; the probe that follows is lost as well; the next connection is told of.
      ([.sent, .broken, .dropped, .dropped, .ready, .sent], [false, true, false, false, true, false]),
      // Another connection took the probe: nothing was lost since.
      ([.broken, .sent, .ready], [true, false, false]),
      ([.ready, .sent, .broken, .ready, .broken], [false, false, true, true, true]),
      ([.dropped, .broken, .ready, .dropped], [true, true, true, true]),
    ] as [([LossEpisode.Event], [Bool])])
  func losses(events: [LossEpisode.Event], reports: [Bool]) {
    var losses = LossEpisode()
    #expect(events.map { losses.step($0) } == reports)
  }

  // MARK: Routes

  @Test(
    "a message takes its lane to the peer, else the peer's own to here; what is small takes any",
    arguments: [
      (.control, [.dialedControl, .dialedData, .acceptedControl, .acceptedData], .dialedControl),
      (.control, [.dialedData, .acceptedControl, .acceptedData], .acceptedControl),
      (.control, [.dialedData, .acceptedData], .dialedData),
      (.control, [.acceptedData], .acceptedData),
      (.control, [], nil),
      (.data, [.dialedControl, .dialedData, .acceptedControl, .acceptedData], .dialedData),
      (.data, [.dialedControl, .acceptedControl, .acceptedData], .acceptedData),
      (.data, [.dialedControl, .acceptedControl], nil),
      (.data, [], nil),
    ] as [(PeerLane, Set<PeerRoute>, PeerRoute?)])
  func routes(lane: PeerLane, ready: Set<PeerRoute>, route: PeerRoute?) {
    #expect(PeerRoute.choose(for: lane) { ready.contains($0) } == route)
  }

  @Test("entries and starts of logs go by the data lane, everything else by the other")
  func lanes() {
    for message in PeerSamples.messages {
      let isData =
        switch message {
        case .appendRequest(let request): !request.batches.isEmpty
        case .snapshot: true
        default: false
        }
      #expect(PeerLane(for: message) == (isData ? .data : .control), "\(message)")
      if !isData { #expect(PeerSamples.bytes(message).readableBytes <= PeerLane.maximumControlFrameBytes) }
    }
  }

  // MARK: Members

  @Test("members are dialed, dialed again where they went, and left after a while; this node never")
  func directory() {
    var directory = PeerDirectory()
    func update(_ members: [Member]) -> [PeerDirectory.Change] { directory.update(members, own: NodeID("me")) }
    func ended(_ peer: Peer) -> Bool { directory.endRetirement(of: peer) }
    let (a, b, c) = (PeerSamples.peer("a"), PeerSamples.peer("b"), PeerSamples.peer("c"))
    let me = [PeerSamples.member("me"), PeerSamples.member("me", life: 2)]
    #expect(update(me) == [])
    #expect(
      update(me + [PeerSamples.member("a", at: "a:1"), PeerSamples.member("b", at: "b:1")])
        == [.dial(a, address: "a:1"), .dial(b, address: "b:1")])
    #expect(
      update([PeerSamples.member("a", at: "a:2"), PeerSamples.member("b", at: "b:1")]) == [.redial(a, address: "a:2")])
    #expect(
      update([PeerSamples.member("a", at: "a:2"), PeerSamples.member("c", at: "c:1")])
        == [.dial(c, address: "c:1"), .retire(b)])
    // Still gone, still on its way out.
    #expect(update([PeerSamples.member("a", at: "a:2"), PeerSamples.member("c", at: "c:1")]) == [])
    #expect(
      update([PeerSamples.member("a", at: "a:2"), PeerSamples.member("b", at: "b:2")])
        == [.reinstate(b), .redial(b, address: "b:2"), .retire(c)])
    #expect(!ended(b))
    #expect(ended(c))
    #expect(!ended(c))
    // Another life is another peer.
    #expect(
      update([PeerSamples.member("a", at: "a:2"), PeerSamples.member("b", life: 2, at: "b:2")])
        == [.dial(PeerSamples.peer("b", life: 2), address: "b:2"), .retire(b)])
    // Who was forgotten is new.
    #expect(ended(b))
    #expect(
      update([
        PeerSamples.member("a", at: "a:2"), PeerSamples.member("b", at: "b:2"),
        PeerSamples.member("c", at: "c:1"),
      ]) == [.dial(b, address: "b:2"), .dial(c, address: "c:1"), .retire(PeerSamples.peer("b", life: 2))])
  }

  // MARK: Lines in the log

  @Test("one line passes in an interval, and says how many did not")
  func throttle() {
    var throttle = LogThrottle(interval: .seconds(10))
    func admit(_ second: Int64) -> Int? { throttle.admit(at: .uptimeNanoseconds(0) + .seconds(second)) }
    #expect([0, 1, 9, 10, 11, 25, 35].map(admit) == [0, nil, nil, 2, nil, 1, 0])
    throttle.reset()
    #expect([36, 37].map(admit) == [0, nil])
  }

  // MARK: The port

  @Test(
    "0x01 is a peer, 0x16 is TLS, everything else gRPC's to judge",
    arguments: [(0x01, .peer), (0x50, .plaintext), (0x16, .tls), (0x00, .plaintext), (0xFF, .plaintext)]
      as [(UInt8, PortProtocol)])
  func firstByte(byte: UInt8, spoken: PortProtocol) { #expect(PortProtocol(firstByte: byte) == spoken) }
}
