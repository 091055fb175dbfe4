import Foundation
import TestSupport
import Testing

@testable import Gossip

@Suite struct KeyringTests {
  private let first = GossipKey.random()
  private let second = GossipKey.random()

  @Test("a key has 16, 24 or 32 bytes")
  func sizes() throws {
    for count in 0...40 {
      if GossipKey.sizes.contains(count) {
        #expect(try GossipKey(Array(repeating: 1, count: count)).bytes.count == count)
      } else {
        #expect(throws: KeyringError.size(count)) { try GossipKey(Array(repeating: 1, count: count)) }
      }
    }
    #expect(throws: KeyringError.notBase64) { try GossipKey(base64: "no base64!") }
    #expect(try GossipKey(base64: first.base64) == first)
  }

  @Test("what one key seals, every keyring that has it opens")
  func rotation() throws {
    var old = try Keyring([first])
    var new = try Keyring([first])
    try new.install(second)
    #expect(try old.open(packet: new.seal(packet: [1, 2])) == [1, 2])
    try old.install(second)
    try new.use(second)
    #expect(new.primary == second)
    #expect(try old.open(packet: new.seal(packet: [1, 2])) == [1, 2])
    #expect(try new.open(packet: old.seal(packet: [3])) == [3])
    try new.remove(first)
    #expect(throws: WireError(.undecryptable, at: 0)) { try new.open(packet: old.seal(packet: [3])) }
  }

  @Test("a keyring refuses what would leave a node without a key to write with")
  func refuses() throws {
    #expect(throws: KeyringError.empty) { try Keyring([]) }
    var keyring = try Keyring([first, first])
    #expect(keyring.keys == [first])
    #expect(throws: KeyringError.isPrimary) { try keyring.remove(first) }
    #expect(throws: KeyringError.notInstalled) { try keyring.use(second) }
    try keyring.remove(second)
    for _ in 1..<WireLimits.keys { try keyring.install(.random()) }
    #expect(throws: KeyringError.full) { try keyring.install(.random()) }
    try keyring.install(first)
  }

  @Test("every size of key and of message", arguments: GossipKey.sizes)
  func seals(size: Int) throws {
    let keyring = try Keyring([GossipKey((0..<size).map { UInt8($0) })])
    for count in [0, 1, 15, 16, 17, 1400, 65_000] {
      let message = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
      let sealed = keyring.seal(packet: message)
      #expect(sealed.count == count + Keyring.packetOverhead)
      #expect(try keyring.open(packet: sealed) == message)
      #expect(keyring.seal(packet: message) != sealed, "the nonce is used twice")
    }
  }

  /// Not in the version, which memberlist does not authenticate: bit 0 makes it one that pads.
  @Test("a flipped bit anywhere is found")
  func authenticates() throws {
    let keyring = try Keyring([first])
    let sealed = keyring.seal(packet: [1, 2, 3])
    for bit in 1..<8 * sealed.count {
      var changed = sealed
      changed[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: WireError.self) { try keyring.open(packet: changed) }
    }
  }

  /// Made by Python's `cryptography`: key of 16 "A", nonce of 12 zeros, "hello" and eleven bytes of padding.
  @Test("version 0, which pads, is read")
  func versionZero() throws {
    let keyring = try Keyring([try GossipKey(base64: "QUFBQUFBQUFBQUFBQUFBQQ==")])
    let sealed = SerfFixtures.bytes(
      "000000000000000000000000009f1532d1205fe0af9184eed5ddac71394408e657951f60be0fb65f92d306e47b")
    #expect(try keyring.open(packet: sealed) == Array("hello".utf8))
  }

  @Test("short and unknown packets are refused", arguments: [0, 1, 12, 28])
  func short(count: Int) throws {
    let keyring = try Keyring([first])
    #expect(throws: WireError.self) { try keyring.open(packet: Array(repeating: 1, count: count)) }
    #expect(throws: WireError(.unknownEncryption(version: 2), at: 0)) {
      try keyring.open(packet: Array(repeating: 2, count: 40))
    }
  }

  @Test("plaintext packets are refused where there is a keyring, unless it is being introduced")
  func plaintext() throws {
    var security = GossipSecurity(keyring: try Keyring([first]))
    let plain = MemberlistCodec.encode(.nack(ProbeNumber(1)))
    #expect(throws: WireError.self) { try security.open(packet: plain) }
    security.verifiesIncoming = false
    #expect(try security.open(packet: plain) == plain)
    #expect(try security.open(packet: security.seal(packet: plain)) == plain)
    #expect(throws: WireError(.labelled, at: 0)) { try security.open(packet: [244, 1, 65]) }
  }

  // MARK: File

  @Test("the file is Serf's, readable by its owner only, and replaced in one step")
  func file() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("keyring.json")
    let keyring = try Keyring([first, second])
    try KeyringFile.save(try Keyring([second]), to: path)
    try KeyringFile.save(keyring, to: path)
    #expect(try KeyringFile.load(path) == keyring)
    let texts = try JSONDecoder().decode([String].self, from: Data(contentsOf: URL(filePath: path)))
    #expect(texts == [first.base64, second.base64])
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["keyring.json"])
  }

  private static let unusable: [(String, String)] = [
    ("", "not a JSON array"), ("{}", "not a JSON array"), ("[1]", "not a JSON array"), ("[]", "there is no key"),
    (#"["QUFBQUFBQUFBQUFBQUFBQQ==", "x"]"#, "key 2 of 2: a key is base64 text"),
    (#"["QUFB"]"#, "key 1 of 1: a key has 16, 24 or 32 bytes, and this one has 3"),
    ("[" + Array(repeating: #""QUFBQUFBQUFBQUFBQUFBQQ==""#, count: 65).joined(separator: ",") + "]", "it has 65 keys"),
  ]

  @Test("a file that is no keyring says why", arguments: unusable)
  func unusableFile(text: String, reason: String) {
    let error = #expect(throws: KeyringFile.Unusable.self) {
      try KeyringFile.parse(Array(text.utf8), path: "/etc/keys")
    }
    #expect(error?.description.hasPrefix("the keyring /etc/keys cannot be used: ") == true)
    #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
  }

  @Test("a file that cannot be read or written says why")
  func missingFile() throws {
    let directory = try TemporaryDirectory()
    let error = #expect(throws: KeyringFile.Unusable.self) { try KeyringFile.load(directory.file("none")) }
    #expect(error?.reason == "opening it fails: No such file or directory")
    #expect(throws: KeyringFile.Unusable.self) {
      try KeyringFile.save(try Keyring([first]), to: directory.file("none/keyring"))
    }
    try Data(repeating: 32, count: 70_000).write(to: URL(filePath: directory.file("big")))
    let big = #expect(throws: KeyringFile.Unusable.self) { try KeyringFile.load(directory.file("big")) }
    #expect(big?.reason == "it has more than 65536 bytes")
  }
}
