import Certificates
import FoundationEssentials
import KubernetesClient
import ProgLogClient
import TestSupport
import Testing
import X509

@testable import Operator

/// A new key for the authority while servers and users go on: nobody is ever refused, whoever lags behind and whenever
/// the operator stops.
@Suite struct AuthorityRollTests {
  private func settled(users: [String] = ["alice"]) throws -> CertificateLab {
    var lab = CertificateLab()
    lab.spec.users = users.map { .init(name: $0) }
    #expect(try lab.settle())
    lab.readAll()
    return lab
  }

  @Test("stage by stage, with pods that lag and users who have their time")
  func stages() throws {
    var lab = try settled()
    let old = lab.authorityNames("log-tls")
    lab.annotations[Names.rollAuthorityAnnotation] = "2027"
    #expect(lab.transcript == ["add the next authority to Secret log-ca (AuthorityRoll)"])
    try lab.act()
    #expect(
      lab.transcript == [
        "issue certificates into Secret log-tls (AuthorityRoll)",
        "issue certificates into Secret log-user-alice (AuthorityRoll)",
      ])
    let leaves = lab.serverLeaves
    try lab.act()
    #expect(lab.serverLeaves == leaves, "only whom to trust has changed")
    #expect(lab.authorityNames("log-tls").count == 2 && lab.authorityNames("log-tls")[0] == old[0])
    #expect(
      lab.transcript == [
        "wait for Pod log-0 (TrustSpreading)", "wait for Pod log-1 (TrustSpreading)",
        "wait for Pod log-2 (TrustSpreading)", "wait for Secret log-ca (TrustSpreading)",
      ])
    for pod in ["log-0", "log-1"] { lab.read(pod) }
    lab.time += 600
    #expect(lab.transcript == ["wait for Pod log-2 (TrustSpreading)"], "one pod holds it back for ever")
    lab.read("log-2")
    lab.readUser("alice")
    #expect(lab.transcript == ["let the next authority sign in Secret log-ca (AuthorityRoll)"])
    try lab.act()
    #expect(
      lab.transcript == [
        "issue certificates into Secret log-tls (CertificateAuthorityChanged)",
        "issue certificates into Secret log-user-alice (CertificateAuthorityChanged)",
      ])
    try lab.act()
    lab.readAll()
    #expect(lab.transcript == ["wait for Secret log-ca (TrustSpreading)"])
    #expect(lab.inUse.nextChange == lab.time + 600)
    lab.time += 600
    #expect(lab.transcript == ["drop the old authority from Secret log-ca (AuthorityRoll)"])
    try lab.act()
    try lab.settle()
    #expect(lab.authorityNames("log-tls").count == 1 && lab.authorityNames("log-tls") != old)
    #expect(lab.authorityNames("log-user-alice") == lab.authorityNames("log-tls"))
    #expect(lab.transcript == [], "the annotation is done with")
    #expect(lab.inUse.status?["lastRoll"] == "2027")
  }

  @Test("the status tells the stage, and under which annotation the key was made")
  func status() throws {
    var lab = try settled()
    lab.annotations[Names.rollAuthorityAnnotation] = "a"
    var stages: [String] = []
    for _ in 0..<3 {
      try lab.settle()
      lab.readAll()
      let status = lab.inUse.status
      stages.append("\(status?["rollStage"]?.string ?? "-") \(status?["lastRoll"]?.string ?? "-")")
      lab.time += 600
    }
    #expect(stages == ["Trusting -", "Signing a", "- a"])
  }

  @Test("a pod that is silent, or speaks plaintext, holds the roll back; a log without pods does not")
  func failClosed() throws {
    var lab = try settled()
    lab.annotations[Names.rollAuthorityAnnotation] = "1"
    try lab.settle()
    lab.readAll()
    lab.time += 600
    lab.silent = ["log-1"]
    #expect(lab.transcript == ["wait for Pod log-1 (TrustSpreading)"])
    lab.silent = []
    var observation = lab.observation
    if var report = observation.answers["log-2"]?.report {
      report.tls = nil
      observation.answers["log-2"] = .report(report)
    }
    #expect(CertificatesInUse(lab.builder, observation).steps.map(\.because) == ["it speaks plaintext"])
    lab.pods = [:]
    #expect(lab.transcript == ["let the next authority sign in Secret log-ca (AuthorityRoll)"])
    try lab.settle()
    lab.time += 600
    try lab.settle()
    #expect(lab.transcript == [])
  }

  @Test("without the annotation nothing rolls; a ProgLog that is made with it does not roll either")
  func noRoll() throws {
    var lab = CertificateLab()
    lab.annotations[Names.rollAuthorityAnnotation] = "1"
    try lab.settle()
    #expect(!lab.writes.contains { $0.hasPrefix("add") })
    lab.annotations = [:]
    #expect(lab.transcript == [])
  }

  @Test("another value during a roll starts the next one once it is over")
  func twice() throws {
    var lab = try settled()
    for token in ["1", "2", "3"] {
      lab.annotations[Names.rollAuthorityAnnotation] = .string(token)
      try lab.settle()
    }
    for _ in 0..<6 {
      lab.readAll()
      lab.time += 600
      try lab.settle()
    }
    #expect(lab.writes.count { $0.hasPrefix("add") } == 2, "1, and then the last")
    #expect(lab.inUse.status?["lastRoll"] == "3")
  }

  @Test("an authority whose life is two thirds over is rolled by itself")
  func aging() throws {
    var lab = try settled()
    lab.time += 2436 * CertificateLab.day
    try lab.settle()
    #expect(lab.authorityNames("log-tls").count == 2)
    for _ in 0..<3 {
      lab.readAll()
      lab.time += 600
      try lab.settle()
    }
    #expect(lab.transcript == [])
    #expect(lab.authorityNames("log-tls").count == 1)
  }

  @Test(
    "at every moment everybody believes everybody, though pods and users lag and the operator stops anywhere",
    arguments: 0..<4)
  func property(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var lab = try settled(users: ["alice", "bob"])
    lab.annotations[Names.rollAuthorityAnnotation] = "1"
    var written: [String: (version: String, time: Int64)] = [:]
    for moment in 0..<200 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4: try lab.act(limit: Int.random(in: 0...2, using: &random))
      case 4..<6: lab.read("log-\(Int.random(in: lab.ordinals, using: &random))")
      case 6: lab.readUser(["alice", "bob"].randomElement(using: &random) ?? "")
      case 7: lab.ordinals = 0..<[3, 5].randomElement(using: &random, default: 3)
      default: lab.time += Int64.random(in: 0...200, using: &random)
      }
      // Pods of surplus ordinals end; new ones begin with what is there.
      for pod in Array(lab.pods.keys) where !lab.ordinals.contains(Names.ordinal(pod, of: "log") ?? -1) {
        lab.pods[pod] = nil
      }
      // What users promise: a Secret is read within the time of grace.
      for user in ["alice", "bob"] {
        let version = lab.secrets["log-user-\(user)"]?.resourceVersion ?? ""
        if written[user]?.version != version { written[user] = (version, lab.time) }
        if let since = written[user]?.time, lab.time >= since + 600 { lab.readUser(user) }
      }
      #expect(lab.refusals == [], "seed \(seed), moment \(moment)")
      if moment % 8 == 0 { #expect(try lab.operatorRefusals() == [], "seed \(seed), moment \(moment)") }
      if !lab.refusals.isEmpty { return }
    }
    for _ in 0..<4 {
      lab.readAll()
      lab.time += 600
      try lab.settle()
    }
    lab.readAll()
    #expect(lab.transcript == [])
    #expect(lab.authorityNames("log-tls").count == 1)
    #expect(lab.inUse.status?["lastRoll"] == "1")
  }
}

extension Array {
  fileprivate func randomElement(using generator: inout SeededGenerator, default value: Element) -> Element {
    randomElement(using: &generator) ?? value
  }
}
