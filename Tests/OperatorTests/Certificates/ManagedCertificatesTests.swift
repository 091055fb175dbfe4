import Certificates
import FoundationEssentials
import KubernetesClient
import TestSupport
import Testing
import X509

@testable import Operator

/// Certificates of an own authority, but for rolls: read as transcripts of what is planned at each moment.
@Suite struct ManagedCertificatesTests {
  private func settled(_ change: (inout CertificateLab) -> Void = { _ in }) throws -> CertificateLab {
    var lab = CertificateLab()
    lab.spec.users = [.init(name: "alice")]
    change(&lab)
    #expect(try lab.settle())
    lab.readAll()
    return lab
  }

  private func leaf(_ lab: CertificateLab, _ secret: String, _ key: String) throws -> Certificate {
    try PEM.certificates(in: #require(lab.text(secret, key)))[0]
  }

  @Test("from nothing: the authority, then all that it signs, then nothing more")
  func creation() throws {
    var lab = CertificateLab()
    lab.spec.users = [.init(name: "alice"), .init(name: "bob")]
    #expect(
      lab.transcript == [
        "make the authority in Secret log-ca (CertificateMissing)",
        "issue certificates into Secret log-tls (CertificateMissing) held back",
        "issue certificates into Secret log-user-alice (CertificateMissing) held back",
        "issue certificates into Secret log-user-bob (CertificateMissing) held back",
      ])
    try lab.act()
    #expect(
      lab.transcript == [
        "issue certificates into Secret log-tls (CertificateMissing)",
        "issue certificates into Secret log-user-alice (CertificateMissing)",
        "issue certificates into Secret log-user-bob (CertificateMissing)",
      ])
    try lab.act()
    #expect(lab.transcript == [])
  }

  @Test("what is issued is what servers and users need")
  func contents() async throws {
    let lab = try settled { $0.addresses["log-1"] = ClientAddress(host: "203.0.113.9", rpcPort: 8400, httpPort: 8080) }
    let verifier = CertificateVerifier(trust: try TrustBundle(pem: #require(lab.text("log-tls", "ca.crt"))))
    let now = Date(seconds: lab.time)
    let host = ServerName("log-1.log-headless.default.svc")
    for (key, requirement) in [
      ("log-1.node.crt", PeerRequirement(.node, serverName: host)),
      ("log-1.server.crt", PeerRequirement(.server, serverName: host)),
      ("log-1.server.crt", PeerRequirement(.server, serverName: ServerName("203.0.113.9"))),
    ] {
      let chain = try await verifier.verify([leaf(lab, "log-tls", key)], for: requirement, now: now)
      #expect(chain.identity.commonName == "log-1", "\(key)")
    }
    let user = try await verifier.verify(
      [leaf(lab, "log-user-alice", "tls.crt")], for: PeerRequirement(.client), now: now)
    #expect(user.identity.role == .client)
    #expect(user.identity.commonName == "alice")
    let key = try PEM.privateKey(in: #require(lab.text("log-user-alice", "tls.key")))
    #expect(throws: Never.self) { try CertificateVerifier.check(key, belongsTo: user.certificates[0]) }
    #expect(lab.refusals == [])
  }

  @Test("the authority's key stands in its own Secret and nowhere else")
  func authorityKey() throws {
    var lab = try settled()
    lab.annotations[Names.rollAuthorityAnnotation] = "1"
    try lab.settle()
    for key in [Names.authorityKey, Names.nextAuthorityKey] {
      let text = try #require(lab.text("log-ca", key))
      #expect(text.contains("PRIVATE KEY"))
      for (name, secret) in lab.secrets where name != "log-ca" {
        let texts = (secret.content["data"]?.object ?? [:]).keys.compactMap { lab.text(name, $0) }
        #expect(!texts.contains { $0.contains(text.dropFirst(30).prefix(60)) }, "\(name)")
      }
    }
  }

  @Test("Secrets are owned, labelled and typed")
  func frames() throws {
    let lab = try settled()
    #expect(lab.secrets.keys.sorted() == ["log-ca", "log-tls", "log-user-alice"])
    for secret in lab.secrets.values { #expect(secret.controllerUID == "uid-of-log") }
    #expect(lab.secrets["log-user-alice"]?.content["type"] == "kubernetes.io/tls")
    #expect(lab.secrets["log-user-alice"]?.labels[Names.componentLabel] == "user")
    #expect(lab.secrets["log-tls"]?.labels[Names.managedByLabel] == Names.fieldManager)
    let applied = lab.secrets["log-tls"].flatMap { DesiredObject(type: .secret, object: $0) }
    #expect(applied?.replacing(lab.secrets["log-tls"]).resourceVersion == lab.secrets["log-tls"]?.resourceVersion)
    #expect(applied?.replacing(nil).resourceVersion == "")
  }

  @Test("3 to 5 servers and back: certificates of the others stay, and those of the gone go")
  func scaling() throws {
    var lab = try settled()
    let three = lab.serverLeaves
    let keyring = lab.text("log-tls", Names.gossipKeyring)
    lab.ordinals = 0..<5
    #expect(lab.transcript == ["issue certificates into Secret log-tls (CertificateMissing)"])
    #expect(lab.plan.first?.because == "node certificate of log-3: there is none, and 3 more")
    try lab.act()
    #expect(lab.serverLeaves.count == 10)
    #expect(lab.serverLeaves.filter { three[$0.key] != nil } == three)
    lab.ordinals = 0..<3
    #expect(lab.transcript == ["issue certificates into Secret log-tls (Surplus)"])
    try lab.act()
    #expect(lab.serverLeaves == three)
    #expect(lab.text("log-tls", Names.gossipKeyring) == keyring, "the keyring is made once")
    #expect(lab.transcript == [])
  }

  @Test("a changed address re-issues exactly that certificate")
  func address() throws {
    var lab = try settled()
    let before = lab.serverLeaves
    for host in ["203.0.113.9", "2001:db8::1", "log-1.example.com"] {
      lab.addresses["log-1"] = ClientAddress(host: host, rpcPort: 8400, httpPort: 8080)
      #expect(lab.transcript == ["issue certificates into Secret log-tls (CertificateNamesChanged)"])
      try lab.act()
      #expect(lab.serverLeaves.filter { before[$0.key] != $0.value }.map(\.key) == ["log-1.server.crt"])
      #expect(lab.transcript == [], "\(host)")
    }
    lab.addresses = [:]
    #expect(lab.plan.first?.because.contains("must not have DNS:log-1.example.com") == true)
  }

  @Test("a name that no certificate can have is refused, and the others are used")
  func unusableName() throws {
    var lab = try settled()
    lab.spec.tls.extraNames = ["no host", "log.example.com"]
    #expect(
      lab.transcript == [
        "issue certificates into Secret log-tls (CertificateNamesChanged)",
        "refuse Secret log-tls (CertificateInvalid)",
      ])
    #expect(lab.plan.last?.because.contains("'no host'") == true)
    try lab.act()
    #expect(lab.transcript == ["refuse Secret log-tls (CertificateInvalid)"])
  }

  @Test("certificates are renewed when a third of their life is left, not a second sooner")
  func renewal() throws {
    var lab = try settled()
    let before = lab.serverLeaves
    let next = try #require(lab.inUse.nextChange)
    #expect(next > lab.time + 59 * CertificateLab.day && next < lab.time + 61 * CertificateLab.day)
    lab.time = next - 1
    #expect(lab.transcript == [])
    lab.time = next
    #expect(
      lab.transcript == [
        "issue certificates into Secret log-tls (CertificateExpiring)",
        "issue certificates into Secret log-user-alice (CertificateExpiring)",
      ])
    try lab.act()
    #expect(lab.transcript == [])
    #expect(Set(before.values).isDisjoint(with: lab.serverLeaves.values))
    #expect(lab.refusals == [], "servers that have not read the new ones yet go on")
    lab.read("log-0")
    #expect(lab.refusals == [])
  }

  @Test("a shorter lifetime in the spec is taken at once, a longer one with the next renewal")
  func lifetime() throws {
    var lab = try settled()
    lab.spec.tls.leafLifetime = 365 * CertificateLab.day
    #expect(lab.transcript == [])
    lab.spec.tls.leafLifetime = CertificateLab.day
    #expect(lab.plan.map(\.reason) == [.specChanged, .specChanged])
    try lab.act()
    #expect(lab.transcript == [])
    let leaf = try leaf(lab, "log-tls", "log-0.node.crt")
    #expect(leaf.notValidAfter == Date(seconds: lab.time + CertificateLab.day))
  }

  @Test("users come and go; a Secret that is not ours stays")
  func users() throws {
    var lab = try settled()
    let alice = lab.text("log-user-alice", "tls.crt")
    lab.spec.users = [.init(name: "alice"), .init(name: "bob")]
    #expect(lab.transcript == ["issue certificates into Secret log-user-bob (CertificateMissing)"])
    try lab.act()
    #expect(lab.text("log-user-alice", "tls.crt") == alice)
    var foreign = try #require(lab.secrets["log-user-alice"])
    foreign.content["metadata"]?["name"] = "log-user-eve"
    foreign.content["metadata"]?["ownerReferences"] = nil
    lab.secrets["log-user-eve"] = foreign
    lab.spec.users = [.init(name: "bob")]
    #expect(lab.transcript == ["delete Secret log-user-alice (UserRemoved)"])
    try lab.act()
    #expect(lab.transcript == [])
    #expect(lab.secrets["log-user-eve"] != nil)
  }

  @Test(
    "what somebody edited by hand is put right in one write, and nothing else changes",
    arguments: [
      ("log-1.node.crt", "no PEM at all", "CertificateInvalid"), ("log-1.node.crt", "", "CertificateInvalid"),
      ("log-1.server.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "CertificateInvalid"),
      ("ca.crt", "nobody", "AuthorityRoll"), ("gossip.keyring", "[]", "CertificateInvalid"),
      ("gossip.keyring", #"["c2hvcnQ="]"#, "CertificateInvalid"),
    ])
  func edited(key: String, text: String, reason: String) throws {
    var lab = try settled()
    let before = lab.serverLeaves
    lab.edit("log-tls", key, text)
    #expect(lab.transcript == ["issue certificates into Secret log-tls (\(reason))"])
    try lab.act()
    #expect(lab.transcript == [])
    let changed = lab.serverLeaves.filter { before[$0.key] != $0.value }.map(\.key)
    #expect(changed == (key.hasPrefix("log-1") ? [key.replacing(".key", with: ".crt")] : []))
  }

  @Test("certificates in each other's place, of another kind, or of nobody, are made anew")
  func misplaced() throws {
    var lab = try settled()
    for (key, value) in lab.secrets["log-tls"]?.content["data"]?.object ?? [:] where key.hasPrefix("log-0.node") {
      lab.secrets["log-tls"]?.content["data"]?[key.replacing("log-0", with: "log-1")] = value
    }
    #expect(lab.plan.first?.because == "node certificate of log-1: its common name is 'log-0' and not 'log-1'")
    try lab.act()
    lab.edit("log-tls", "log-2.server.crt", lab.text("log-tls", "log-2.node.crt"))
    lab.edit("log-tls", "log-2.server.key", lab.text("log-tls", "log-2.node.key"))
    #expect(lab.plan.first?.because == "server certificate of log-2: it is a node certificate")
    try lab.act()
    let strange = try CertificateAuthority(creating: "other", now: Date(seconds: lab.time))
    let issued = try strange.issue(
      CertificateRequest(profile: .client, name: "alice"), now: Date(seconds: lab.time))
    lab.edit("log-user-alice", "tls.crt", try issued.certificateText())
    lab.edit("log-user-alice", "tls.key", try issued.privateKeyText())
    #expect(lab.transcript == ["issue certificates into Secret log-user-alice (CertificateAuthorityChanged)"])
    try lab.act()
    #expect(lab.transcript == [])
  }

  @Test("labels, owners and data that are no texts are put right")
  func frame() throws {
    var lab = try settled()
    for name in ["log-ca", "log-tls", "log-user-alice"] {
      lab.secrets[name]?.content["metadata"]?["labels"] = ["app.kubernetes.io/name": "x"]
      #expect(lab.plan.map(\.reason).contains(.drifted), "\(name)")
      try lab.settle()
      lab.secrets[name]?.content["metadata"]?["annotations"] = [:]
      try lab.settle()
      #expect(lab.transcript == [], "\(name)")
    }
    lab.secrets["log-tls"]?.content["data"] = ["log-0.node.crt": 7, "ca.crt": ["x"]]
    #expect(lab.transcript == ["issue certificates into Secret log-tls (CertificateInvalid)"])
    try lab.settle()
    #expect(lab.transcript == [])
  }

  @Test("a Secret that is being deleted, or is not ours, holds back")
  func obstacles() throws {
    var lab = try settled()
    lab.edit("log-tls", "ca.crt", nil)
    lab.secrets["log-tls"]?.content["metadata"]?["deletionTimestamp"] = "2027-01-15T08:00:00Z"
    #expect(lab.transcript == ["issue certificates into Secret log-tls (AuthorityRoll) held back"])
    lab.secrets["log-tls"]?.content["metadata"]?["deletionTimestamp"] = nil
    lab.secrets["log-tls"]?.content["metadata"]?["ownerReferences"] = nil
    #expect(lab.plan.allSatisfy { !$0.isExecutable })
  }

  @Test("the status says when certificates end")
  func status() throws {
    let lab = try settled()
    #expect(
      lab.inUse.status == [
        "authorityExpiry": "2037-01-15T08:00:00Z", "earliestExpiry": "2027-04-15T08:00:00Z",
      ])
    var plain = lab
    plain.mode = .disabled
    #expect(plain.inUse.status == nil)
    #expect(plain.transcript == [])
    #expect(plain.inUse.nextChange == nil)
  }

  @Test("whatever is in the Secrets, a plan is made, and following it ends in order")
  func garbage() throws {
    var random = SeededGenerator(seed: 7)
    let clean = try settled()
    for _ in 0..<8 {
      var lab = clean
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let name = ["log-ca", "log-tls", "log-user-alice"].randomElement(using: &random) ?? ""
        let keys = (lab.secrets[name]?.content["data"]?.object ?? [:]).keys.sorted()
        let key = keys.randomElement(using: &random) ?? ""
        let text = lab.text(name, key) ?? ""
        let cut = String(text.prefix(Int.random(in: 0...text.count, using: &random)))
        let others = ["", "x", cut, text + text, lab.text("log-ca", "ca.crt") ?? "", "[1]"]
        lab.edit(name, key, others.randomElement(using: &random))
      }
      #expect(try lab.settle())
      lab.readAll()
      lab.time += lab.spec.tls.trustGracePeriod
      #expect(try lab.settle())
      lab.readAll()
      lab.time += lab.spec.tls.trustGracePeriod
      #expect(try lab.settle())
      lab.readAll()
      #expect(lab.transcript == [])
      #expect(lab.refusals == [])
    }
  }
}
