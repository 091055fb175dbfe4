import Foundation
import Gossip
import TestSupport
import Testing

/// Our node and agents of Serf 0.9.4 in one cluster.
/// One after the other: agents of Serf wait a second for an answer and no longer, and a crowd of them takes a small machine longer.
@Suite(.enabled(if: SerfAgent.isInstalled, "\(SerfAgent.requirement)"), .timeLimit(.minutes(5)), .serialized)
struct SerfInteroperationTests {
  private static let ourTags = ["id": "1", "rpc_addr": "127.0.0.1:8400", "role": "node"]
  private static let theirTags = ["role": "web", "empty": "", "text": "ä b=c"]

  private static let encryptions: [GossipKey?] = [nil, .random()]

  private func security(_ key: GossipKey?) throws -> GossipSecurity {
    GossipSecurity(keyring: try key.map { try Keyring([$0]) })
  }

  private func encrypt(_ key: GossipKey?) -> [String] { key.map { ["-encrypt=\($0.base64)"] } ?? [] }

  @Test("we join an agent: both show both, with their tags", arguments: encryptions)
  func weJoin(key: GossipKey?) async throws {
    let theirs = try await SerfAgent("theirs", tags: Self.theirTags, encrypt(key))
    let ours = try await TestNode("ours", tags: Self.ourTags, security: security(key))
    try await ours.join(theirs.address)
    try await theirs.sees("ours", "alive", tags: Self.ourTags)
    try await ours.sees("theirs", .alive, tags: Self.theirTags)
    let shown = try #require(try await theirs.members().first { $0.name == "ours" })
    #expect(shown.addr == "\(ours.address)")
    #expect(await ours.member("theirs")?.address == theirs.address)
    await ours.node.shutdown()
  }

  @Test("an agent joins us, and a second one finds all through it", arguments: encryptions)
  func theyJoin(key: GossipKey?) async throws {
    let ours = try await TestNode("ours", tags: Self.ourTags, security: security(key))
    let first = try await SerfAgent("first", tags: Self.theirTags, joining: ours.address, encrypt(key))
    let second = try await SerfAgent("second", joining: first.address, encrypt(key))
    for agent in [first, second] { try await agent.sees("ours", "alive", tags: Self.ourTags) }
    try await ours.sees("second", .alive, tags: [:])
    try await ours.sees("first", .alive, tags: Self.theirTags)
    #expect(ours.events(of: "second") == [.joined])
    await ours.node.shutdown()
  }

  @Test("who leaves is seen to have left", arguments: encryptions)
  func leaving(key: GossipKey?) async throws {
    let theirs = try await SerfAgent("theirs", encrypt(key))
    let other = try await SerfAgent("other", joining: theirs.address, encrypt(key))
    let ours = try await TestNode("ours", security: security(key))
    try await ours.join(theirs.address)
    try await ours.sees("other", .alive)
    try await other.leave()
    try await ours.sees("other", .left)
    #expect(ours.events(of: "other") == [.joined, .left])
    try await theirs.sees("ours", "alive")
    try await ours.leave()
    try await theirs.sees("ours", "left")
    #expect(!theirs.log.contains("EventMemberFailed"), "\(theirs.log)")
  }

  @Test("who is killed is seen to have failed, and to be back", arguments: encryptions)
  func killing(key: GossipKey?) async throws {
    let theirs = try await SerfAgent("theirs", encrypt(key))
    let victim = try await SerfAgent("victim", tags: ["life": "1"], joining: theirs.address, encrypt(key))
    let ours = try await TestNode("ours", security: security(key))
    try await ours.join(theirs.address)
    try await ours.sees("victim", .alive, tags: ["life": "1"])
    try await victim.kill()
    try await ours.sees("victim", .failed)
    let back = try await SerfAgent(
      "victim", at: victim.address, tags: ["life": "2"], joining: theirs.address, encrypt(key))
    try await ours.sees("victim", .alive, tags: ["life": "2"])
    #expect(ours.events(of: "victim").filter { $0 != .updated } == [.joined, .failed, .joined])
    try await back.leave()

    try await theirs.sees("ours", "alive")
    await ours.kill()
    try await theirs.sees("ours", "failed")
    let again = try await TestNode("ours", at: ours.address, tags: ["life": "2"], security: security(key))
    try await again.join(theirs.address)
    try await theirs.sees("ours", "alive", tags: ["life": "2"])
    await again.node.shutdown()
  }

  @Test("tags that change are seen on the other side")
  func tags() async throws {
    let theirs = try await SerfAgent("theirs", tags: ["role": "web"])
    let ours = try await TestNode("ours", tags: ["role": "node"])
    try await ours.join(theirs.address)
    try await ours.sees("theirs", .alive)
    try await theirs.command("tags", "-set", "role=db")
    try await ours.sees("theirs", .alive, tags: ["role": "db"])
    try await ours.node.update(tags: ["role": "node", "zone": "a"])
    try await theirs.sees("ours", "alive", tags: ["role": "node", "zone": "a"])
    await ours.node.shutdown()
  }

  @Test("a stranger without the key is refused, and so are we")
  func strangers() async throws {
    let ours = try await TestNode("ours", security: security(.random()))
    let plain = try await SerfAgent("plain")
    await #expect(throws: NeverHappened.self) { try await plain.command("join", "\(ours.address)") }
    #expect(try await ours.node.join([plain.address]).contacted == 0)
    #expect(await ours.node.members().map(\.name.text) == ["ours"])
    #expect(try await plain.members().map(\.name) == ["plain"])
    await ours.node.shutdown()
  }

  // MARK: Keys

  private struct Rotation {
    let old = GossipKey.random()
    let new = GossipKey.random()
    let directory: TemporaryDirectory
    let agents: [SerfAgent]
    let ours: TestNode
    var ourFile: String { directory.file("ours.json") }

    init() async throws {
      directory = try TemporaryDirectory()
      var agents: [SerfAgent] = []
      let files = ["first", "second", "ours"].map { [directory] in directory.file("\($0).json") }
      let old = old
      for file in files { try KeyringFile.save(Keyring([old]), to: file) }
      for name in ["first", "second"] {
        agents.append(
          try await SerfAgent(
            name, joining: agents.first?.address, ["-keyring-file=\(directory.file("\(name).json"))"]))
      }
      self.agents = agents
      let file = files[2]
      ours = try await TestNode("ours", security: GossipSecurity(keyring: try KeyringFile.load(file))) {
        $0.keyringFile = file
      }
      try await ours.join(agents[0].address)
      for agent in agents {
        try await agent.sees("ours", "alive")
        try await ours.sees(agent.name, .alive)
      }
    }

    /// All are there, nobody failed, and whoever has only the new key can join.
    func end() async throws {
      #expect(try KeyringFile.load(ourFile).keys == [new])
      let late = try await SerfAgent("late", joining: ours.address, ["-encrypt=\(new.base64)"])
      for name in ["first", "second", "ours"] { try await late.sees(name, "alive") }
      for agent in agents { #expect(ours.events(of: agent.name) == [.joined]) }
      for agent in agents { #expect(!agent.log.contains("EventMemberFailed"), "\(agent.log)") }
      await ours.node.shutdown()
    }
  }

  @Test("`serf keys` rotates our key without downtime")
  func theyRotate() async throws {
    let rotation = try await Rotation()
    let agent = rotation.agents[0]
    #expect(try await agent.command("keys", "-list").contains("\(rotation.old.base64)  [3/3]"))
    for step in ["-install", "-use"] { try await agent.command("keys", "\(step)=\(rotation.new.base64)") }
    try await agent.command("keys", "-remove=\(rotation.old.base64)")
    let list = try await agent.command("keys", "-list")
    #expect(list.contains("\(rotation.new.base64)  [3/3]"), "\(list)")
    #expect(!list.contains(rotation.old.base64), "\(list)")
    await #expect(throws: NeverHappened.self) { try await agent.command("keys", "-use=\(rotation.old.base64)") }
    try await rotation.end()
  }

  @Test("we rotate the keys of agents")
  func weRotate() async throws {
    let rotation = try await Rotation()
    let node = rotation.ours.node
    for request in [KeyringRequest.install(rotation.new), .use(rotation.new), .remove(rotation.old)] {
      let report = try await node.changeKeyrings(request)
      #expect(report.isComplete, "\(request.queryName): \(report)")
    }
    let report = try await node.changeKeyrings(.list)
    #expect(report.answers.count == 3)
    #expect(report.answers.values.allSatisfy { $0.keys == [rotation.new.base64] }, "\(report)")
    let failed = try await node.changeKeyrings(.use(rotation.old))
    #expect(!failed.isComplete)
    // An older memberlist begins it with a capital letter.
    #expect(Set(failed.answers.values.map { $0.message.lowercased() }) == ["requested key is not in the keyring"])
    try await rotation.end()
  }
}
