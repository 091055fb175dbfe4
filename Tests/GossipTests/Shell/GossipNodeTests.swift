import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Gossip

@Suite(.timeLimit(.minutes(5))) struct GossipNodeTests {
  @Test("nodes that know one seed find each other, and see who leaves and who fails")
  func cluster() async throws {
    let seed = try await TestNode("a", tags: ["id": "1"])
    let second = try await TestNode("b", tags: ["id": "2"])
    let third = try await TestNode("c", tags: ["id": "3"])
    for node in [second, third] { try await node.join(seed.address) }
    for node in [seed, second, third] {
      for (name, id) in [("a", "1"), ("b", "2"), ("c", "3")] { try await node.sees(name, .alive, tags: ["id": id]) }
    }
    try await second.leave()
    for node in [seed, third] { try await node.sees("b", .left) }
    await third.kill()
    try await seed.sees("c", .failed)
    #expect(seed.events(of: "b") == [.joined, .left])
    #expect(seed.events(of: "c") == [.joined, .failed])
    await seed.node.shutdown()
  }

  @Test("a node that has lost its seeds finds the members that an earlier life knew")
  func knownPeers() async throws {
    let directory = try TemporaryDirectory()
    let file = directory.file("peers")
    let first = try await TestNode("a")
    let second = try await TestNode("b") { $0.knownPeersFile = file }
    try await second.join(first.address)
    try await second.sees("a", .alive)
    await second.kill()
    #expect(try String(contentsOfFile: file, encoding: .utf8) == "\(first.address) a\n")
    let again = try await TestNode("b", at: second.address, tags: ["life": "2"]) { $0.knownPeersFile = file }
    try await again.join()
    try await first.sees("b", .alive, tags: ["life": "2"])
    for node in [first, again] { await node.node.shutdown() }
  }

  @Test("a file of known peers that is missing or damaged only does not help")
  func damagedPeers() async throws {
    let directory = try TemporaryDirectory()
    let file = directory.file("peers")
    try Data("127.0.0.1:9 ghost\nnonsense\n\u{0}\n".utf8).write(to: URL(filePath: file))
    let node = try await TestNode("a") { $0.knownPeersFile = file }
    #expect(try await node.node.join([]) == (contacted: 0, of: 1))
    await node.node.shutdown()
    let other = try await TestNode("b") { $0.knownPeersFile = directory.file("none/peers") }
    #expect(try await other.node.join([]) == (contacted: 0, of: 0))
    await other.node.shutdown()
  }

  @Test("leaving alone takes no time; afterwards a node says nothing and joins nobody")
  func leavingAlone() async throws {
    let node = try await TestNode("a")
    #expect(try await node.node.leave(within: .seconds(20)))
    await #expect(throws: GossipRefusal.leaving) { try await node.node.join([node.address]) }
    await node.node.shutdown()
    await node.node.shutdown()
    await #expect(throws: GossipStopped.self) { try await node.node.join([]) }
    await #expect(throws: GossipStartError.self) { try await node.node.start() }
    #expect(await node.node.members().isEmpty)
  }

  @Test("a leave that does not spread in time says so")
  func leaveInTime() async throws {
    let node = try await TestNode("a")
    let other = try await TestNode("b")
    try await node.join(other.address)
    #expect(try await !node.node.leave(within: .milliseconds(1)))
    for node in [node, other] { await node.node.shutdown() }
  }

  @Test("a node that cannot start says why")
  func startErrors() async throws {
    let node = try await TestNode("a")
    let taken = await #expect(throws: GossipStartError.self) { try await TestNode("b", at: node.address) }
    #expect(taken?.description.hasPrefix("cannot listen on ") == true)
    let wildcard = GossipAddress(bytes: [0, 0, 0, 0], port: 0)
    let error = await #expect(throws: GossipStartError.self) { try await TestNode("b", at: wildcard) }
    #expect(error?.description.contains("give an address to advertise") == true)
    let told = try await TestNode("b", at: wildcard) {
      $0.advertisedAddress = GossipAddress(bytes: [127, 0, 0, 1], port: 9)
    }
    #expect(told.address.port == 9)
    await #expect(throws: GossipStartError.self) {
      try await TestNode("b", tags: ["t": String(repeating: "x", count: 600)])
    }
    await #expect(throws: GossipStartError.self) { try await TestNode("") }
    for node in [node, told] { await node.node.shutdown() }
  }

  @Test("IPv6, and names that are not ASCII")
  func ipv6() async throws {
    let loopback = GossipAddress(bytes: Array(repeating: 0, count: 15) + [1], port: 0)
    let first = try await TestNode("ä", at: loopback)
    let second = try await TestNode("b c", at: loopback)
    try await second.join(first.address)
    try await second.sees("ä", .alive)
    try await first.sees("b c", .alive)
    for node in [first, second] { await node.node.shutdown() }
  }

  @Test("a state that fills many packets is exchanged")
  func longTags() async throws {
    let tags = ["text": String(repeating: "ü", count: 240)]
    let first = try await TestNode("a", tags: tags, security: GossipSecurity(keyring: try Keyring([.random()])))
    let second = try await TestNode("b", tags: tags, security: first.node.configuration.security)
    try await second.join(first.address)
    try await first.sees("b", .alive, tags: tags)
    try await second.sees("a", .alive, tags: tags)
    await #expect(throws: TagsTooLong.self) {
      try await first.node.update(tags: ["text": String(repeating: "ü", count: 260)])
    }
    for node in [first, second] { await node.node.shutdown() }
  }

  // MARK: Keys

  @Test("a cluster in plaintext is given a keyring, one node after the other, and never falls apart")
  func introduction() async throws {
    let keyring = try Keyring([.random()])
    let steps = [
      GossipSecurity(), GossipSecurity(keyring: keyring, verifiesIncoming: false, encryptsOutgoing: false),
      GossipSecurity(keyring: keyring, verifiesIncoming: false), GossipSecurity(keyring: keyring),
    ]
    var first = try await TestNode("a", security: steps[0])
    var second = try await TestNode("b", security: steps[0])
    try await second.join(first.address)
    for step in steps.dropFirst() {
      first = try await restart(first, step, joining: second)
      second = try await restart(second, step, joining: first)
    }
    for node in [first, second] { await node.node.shutdown() }
  }

  private func restart(
    _ node: TestNode, _ security: GossipSecurity, joining other: TestNode
  ) async throws -> TestNode {
    try await node.leave()
    let again = try await TestNode(node.name.text, at: node.address, security: security)
    try await again.join(other.address)
    try await other.sees(node.name.text, .alive)
    try await again.sees(other.name.text, .alive)
    return again
  }

  @Test("no key is changed by a query while plaintext is taken, nor where there is no keyring")
  func keyQueriesRefused() async throws {
    let open = try await TestNode(
      "a", security: GossipSecurity(keyring: try Keyring([.random()]), verifiesIncoming: false))
    let report = try await open.node.changeKeyrings(.install(.random()))
    #expect(report.answers[MemberName("a")]?.message == "no key is changed while plaintext is taken")
    let plain = try await TestNode("b")
    let other = try await plain.node.changeKeyrings(.list)
    #expect(other.answers[MemberName("b")]?.message == "No keyring to modify (encryption not enabled)")
    for node in [open, plain] { await node.node.shutdown() }
  }

  @Test("a keyring that cannot be written is not changed")
  func unwritableKeyring() async throws {
    let directory = try TemporaryDirectory()
    let keyring = try Keyring([.random()])
    let node = try await TestNode("a", security: GossipSecurity(keyring: keyring)) {
      $0.keyringFile = directory.file("none/keyring")
    }
    let answer = try await node.node.changeOwnKeyring(.install(.random()))
    #expect(!answer.isDone)
    #expect(answer.message.contains("cannot be used"), "\(answer.message)")
    #expect(try await node.node.changeOwnKeyring(.list).keys == keyring.keys.map(\.base64))
    await node.node.shutdown()
  }

  @Test("as many keys as fit are listed")
  func manyKeys() async throws {
    let keys = (0..<WireLimits.keys).map { _ in GossipKey.random() }
    let node = try await TestNode("a", security: GossipSecurity(keyring: try Keyring(keys)))
    let answer = try #require(try await node.node.changeKeyrings(.list).answers[MemberName("a")])
    #expect(answer.isDone)
    #expect((10..<WireLimits.keys).contains(answer.keys.count))
    #expect(answer.message == "truncated key list response, showing first \(answer.keys.count) of 64 keys")
    await node.node.shutdown()
  }
}
