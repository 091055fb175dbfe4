import Testing

@testable import Gossip

@Suite struct KnownPeersTests {
  private static let peers = [
    KnownPeers.Peer(name: MemberName("a"), address: GossipAddress(bytes: [10, 0, 0, 1], port: 7946)),
    KnownPeers.Peer(
      name: MemberName("ä b"), address: GossipAddress(bytes: Array(repeating: 0, count: 15) + [1], port: 1)),
  ]

  @Test("peers come back as they were written, a line each")
  func comeBack() throws {
    let bytes = KnownPeers.encode(Self.peers)
    #expect(String(decoding: bytes, as: UTF8.self) == "10.0.0.1:7946 a\n[::1]:1 ä b\n")
    let (peers, badLines) = KnownPeers.decode(bytes)
    #expect(peers == Self.peers)
    #expect(badLines == 0)
  }

  @Test("a name that would break a line is left out")
  func lineBreak() {
    let peer = KnownPeers.Peer(name: MemberName("x\n10.0.0.9:1 evil"), address: Self.peers[0].address)
    #expect(KnownPeers.encode([peer] + Self.peers) == KnownPeers.encode(Self.peers))
  }

  @Test(
    "lines that are no peers are counted",
    arguments: [
      "10.0.0.1 a", "10.0.0.1:0 a", "10.0.0.1:65536 a", "host:1 a", ":1 a", "10.0.0.1:1", "10.0.0.1:1 ", "a\u{7}:1 b",
    ])
  func badLines(line: String) {
    let (peers, badLines) = KnownPeers.decode(Array("\(line)\n10.0.0.1:7946 a\n".utf8))
    #expect(peers == [Self.peers[0]])
    #expect(badLines == 1)
  }

  @Test("no more than a thousand are kept")
  func bounded() {
    let lines = (0..<5000).map { "10.0.0.1:1 n\($0)\n" }.joined()
    #expect(KnownPeers.decode(Array(lines.utf8)).peers.count == 1024)
    let many = Array(repeating: Self.peers[0], count: 5000)
    #expect(KnownPeers.decode(KnownPeers.encode(many)).peers.count == 1024)
  }
}
