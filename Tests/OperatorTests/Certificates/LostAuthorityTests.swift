import Certificates
import FoundationEssentials
import KubernetesClient
import TestSupport
import Testing
import X509

@testable import Operator

/// The authority's Secret is deleted, spoilt or replaced while servers run (cloudnative-pg#10433): nobody may be
/// refused.
@Suite struct LostAuthorityTests {
  private func settled() throws -> CertificateLab {
    var lab = CertificateLab()
    lab.spec.users = [.init(name: "alice")]
    #expect(try lab.settle())
    lab.readAll()
    return lab
  }

  /// Reads one by one, passes in between, and time that goes by, until nothing is left to do.
  private func recover(_ lab: inout CertificateLab) throws {
    for _ in 0..<5 {
      try lab.settle()
      for ordinal in lab.ordinals {
        lab.read("log-\(ordinal)")
        #expect(lab.refusals == [])
        try lab.settle()
      }
      lab.time += 600
      lab.readUser("alice")
      #expect(lab.refusals == [])
    }
    #expect(lab.transcript == [])
    #expect(lab.authorityNames("log-tls").count == 1)
  }

  @Test("deleted: what it signed stays trusted and in use until everybody trusts the new one")
  func deleted() throws {
    var lab = try settled()
    let old = lab.authorityNames("log-tls")[0]
    let leaves = lab.serverLeaves
    lab.secrets["log-ca"] = nil
    #expect(lab.transcript == ["make the authority in Secret log-ca (CertificateInvalid)"])
    try lab.settle()
    #expect(lab.serverLeaves == leaves, "nobody trusts the new one yet")
    #expect(lab.authorityNames("log-tls")[0] == old)
    #expect(lab.plan.map(\.reason).allSatisfy { $0 == .trustSpreading })
    try recover(&lab)
    #expect(lab.authorityNames("log-tls")[0] != old)
  }

  @Test("its key spoilt, or its certificate, or both Secrets gone but a user's", arguments: 0..<4)
  func spoilt(way: Int) throws {
    var lab = try settled()
    switch way {
    case 0: lab.edit("log-ca", Names.authorityKey, "no key")
    case 1: lab.edit("log-ca", Names.authorityCertificate, nil)
    case 2: lab.secrets["log-ca"]?.content["data"] = nil
    default:
      // A pod says that it trusts what stands in the user's Secret.
      lab.secrets["log-ca"] = nil
      lab.secrets["log-tls"] = nil
    }
    try lab.settle()
    if way < 3 { try recover(&lab) }
    #expect(lab.authorityNames("log-user-alice").count == (way < 3 ? 1 : 2))
  }

  @Test("an authority that only a user's Secret names is not trusted")
  func escalation() throws {
    var lab = try settled()
    let own = try CertificateAuthority(creating: "alice's own", now: Date(seconds: lab.time))
    lab.edit("log-user-alice", Names.trustKey, try own.certificateText())
    lab.secrets["log-ca"] = nil
    try lab.settle()
    #expect(!lab.authorityNames("log-tls").contains("\(own.certificate.subject)"))
  }

  @Test("whom to trust edited away: it is put back from what the servers have")
  func bundle() throws {
    var lab = try settled()
    lab.edit("log-ca", Names.trustKey, "")
    let leaves = lab.serverLeaves
    #expect(lab.plan.filter(\.isExecutable).map(\.title) == ["repair the authority in Secret log-ca"])
    try lab.settle()
    #expect(lab.transcript == [])
    #expect(lab.serverLeaves == leaves)
    #expect(lab.refusals == [])
  }

  @Test("another authority in its place signs only once everybody trusts it")
  func replaced() throws {
    var lab = try settled()
    var other = CertificateLab()
    try other.act()
    let leaves = lab.serverLeaves
    lab.secrets["log-ca"] = other.secrets["log-ca"]
    #expect(lab.transcript.first == "repair the authority in Secret log-ca (CertificateInvalid)")
    #expect(lab.plan.count { $0.isExecutable } == 1)
    try lab.settle()
    #expect(lab.serverLeaves == leaves)
    try recover(&lab)
    #expect(Set(lab.authorityNames("log-tls")) == Set(other.authorityNames("log-ca")))
  }

  @Test("the next key lost in a roll: the roll is taken back, and made again")
  func nextLost() throws {
    var lab = try settled()
    lab.annotations[Names.rollAuthorityAnnotation] = "1"
    try lab.settle()
    lab.edit("log-ca", Names.nextAuthorityKey, "no key")
    for _ in 0..<6 {
      lab.readAll()
      #expect(lab.refusals == [])
      lab.time += 600
      try lab.settle()
    }
    #expect(lab.transcript == [])
    #expect(lab.writes.count { $0.hasPrefix("add") } == 2)
    #expect(lab.authorityNames("log-tls").count == 1)
  }

  @Test("the old key lost in a roll: the roll goes on")
  func oldLost() throws {
    var lab = try settled()
    lab.annotations[Names.rollAuthorityAnnotation] = "1"
    try lab.settle()
    lab.readAll()
    lab.edit("log-ca", Names.authorityKey, nil)
    lab.ordinals = 0..<5
    #expect(lab.transcript == ["issue certificates into Secret log-tls (CertificateMissing)"])
    try recover(&lab)
  }

  @Test("an authority that has expired is one that was lost")
  func expired() throws {
    var lab = try settled()
    lab.time += 3654 * CertificateLab.day
    lab.pods = [:]
    lab.users = [:]
    for _ in 0..<4 {
      try lab.settle()
      lab.time += 600
    }
    #expect(lab.transcript == [])
    lab.readAll()
    #expect(lab.refusals == [])
  }

  @Test("the operator stops anywhere on the way", arguments: 0..<4)
  func stops(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var lab = try settled()
    if Bool.random(using: &random) {
      lab.annotations[Names.rollAuthorityAnnotation] = "1"
      for _ in 0..<3 { try lab.act(limit: 1) }
    }
    lab.secrets["log-ca"] = nil
    for moment in 0..<120 {
      switch Int.random(in: 0..<6, using: &random) {
      case 0..<3: try lab.act(limit: 1)
      case 3: lab.read("log-\(Int.random(in: lab.ordinals, using: &random))")
      default: lab.time += Int64.random(in: 0...100, using: &random)
      }
      let written = lab.secrets["log-user-alice"].flatMap { CertificateSecret($0, time: lab.time).writtenAt }
      if let written, lab.time >= written + 600 { lab.readUser("alice") }
      #expect(lab.refusals == [], "seed \(seed), moment \(moment)")
      if !lab.refusals.isEmpty { return }
    }
  }
}
