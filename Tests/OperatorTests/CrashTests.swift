import KubernetesClient
import ProgLogClient
import Synchronization
import TestSupport
import Testing

@testable import Operator

/// The operator dies at its n-th write or change of members, for every n, before it takes effect or after it; a fresh one
/// goes on and must end where an undisturbed one ends.
///
/// One undisturbed run is looked at before and after each of its requests: what a dead operator leaves behind is the cluster as
/// it was at that moment, and nothing else.
@Suite struct OperatorCrashTests {
  enum Caches: CaseIterable {
    case fresh
    /// Each lags behind for up to a minute, changes are missed, and are told twice.
    case stale
  }

  /// A transition: the specs that have converged before, and what is then done.
  struct Transition: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var from: [JSONValue] = []
    var to: JSONValue
    var annotations: JSONValue?
    /// Seconds that pass first.
    var wait: Int64 = 0
  }

  static let transitions = [
    Transition(testDescription: "create one", to: [:]),
    Transition(testDescription: "create three", to: ["replicas": 3]),
    Transition(
      testDescription: "create with everything set",
      to: ["access": ["type": "NodePort"], "storage": ["retention": ["whenDeleted": "Delete"]], "logLevel": "debug"]),
    Transition(testDescription: "three to five", from: [["replicas": 3]], to: ["replicas": 5]),
    Transition(testDescription: "five to three", from: [["replicas": 5]], to: ["replicas": 3]),
    Transition(testDescription: "three to one", from: [["replicas": 3]], to: [:]),
    Transition(testDescription: "one to three, again", from: [["replicas": 3], [:]], to: ["replicas": 3]),
    Transition(testDescription: "roll", from: [["replicas": 3]], to: ["replicas": 3, "image": "logd:2"]),
    Transition(
      testDescription: "larger volumes", from: [["replicas": 3]], to: ["replicas": 3, "storage": ["size": "2Gi"]]),
    Transition(testDescription: "hibernate", from: [["replicas": 3]], to: ["replicas": 3, "hibernated": true]),
    Transition(
      testDescription: "wake", from: [["replicas": 3], ["replicas": 3, "hibernated": true]], to: ["replicas": 3]),
    Transition(
      testDescription: "everything at once", from: [["access": ["annotations": ["a": "b"]]]],
      to: [
        "access": ["type": "ClusterIP"], "service": ["type": "LoadBalancer"], "image": "logd:2",
        "storage": ["retention": ["whenDeleted": "Delete"]], "podLabels": ["team": "x"],
      ]),
    Transition(
      testDescription: "keep the records again", from: [["storage": ["retention": ["whenDeleted": "Delete"]]]],
      to: [:]),
    Transition(testDescription: "create with certificates", to: secured),
    Transition(
      testDescription: "add a user and take another away", from: [secured],
      to: ["replicas": 3, "tls": ["mode": "Managed"], "users": [["name": "bob", "actions": ["consume"]]]]),
    // Two thirds of the 90 days that a leaf lives.
    Transition(testDescription: "renew the leaves", from: [secured], to: secured, wait: 61 * 86_400),
    Transition(
      testDescription: "roll the authority", from: [secured], to: secured,
      annotations: [Names.rollAuthorityAnnotation: "1"]),
  ]

  private static let secured: JSONValue = [
    "replicas": 3, "tls": ["mode": "Managed"], "users": [["name": "alice", "actions": ["produce"]]],
  ]

  @Test("a crash at every write ends in the same objects", arguments: transitions, Caches.allCases)
  func everywhere(transition: Transition, caches: Caches) async throws {
    let expected = try await prepared(transition)
    let moments = try await moments(of: expected)
    let essence = expected.essence
    #expect(moments.count >= 3, "the transition writes at least an object, an event and the status")
    for (number, cluster) in moments.enumerated() {
      let subject = OperatorUnderTest(cluster)
      if caches == .stale { await subject.stumble(seed: UInt64(number)) }
      #expect(try await subject.settle(), "after a crash at moment \(number)")
      #expect(cluster.differences(from: essence) == [], "after a crash at moment \(number)")
      #expect(InMemoryServers(cluster).violations == [], "after a crash at moment \(number)")
      #expect(cluster.voters == expected.voters, "after a crash at moment \(number)")
      #expect(cluster.certificateProblems == [], "after a crash at moment \(number)")
    }
  }

  @Test("a crash at every write of a recovery loses no server and no word of what was lost", arguments: Caches.allCases)
  func recovery(caches: Caches) async throws {
    let cluster = try await prepared(Transition(testDescription: "", to: ["replicas": 3]))
    let subject = OperatorUnderTest(cluster)
    #expect(try await subject.settle())
    cluster.loseTwoOfThree()
    #expect(try await subject.settle())
    let offered = try #require(cluster[.progLog, "log"]?.status["recovery"])
    cluster.annotate(Names.recoverAnnotation, offered["token"]?.string ?? "")
    for (number, cluster) in try await moments(of: cluster).enumerated() {
      let subject = OperatorUnderTest(cluster)
      if caches == .stale { await subject.stumble(seed: UInt64(number)) }
      #expect(try await subject.settle(), "after a crash at moment \(number)")
      #expect(cluster.voters.count == 3, "after a crash at moment \(number)")
      let told = cluster[.progLog, "log"]?.status[path: "lastRecovery", "lostAfter"]
      #expect(told == offered["lostAfter"], "after a crash at moment \(number)")
      #expect(InMemoryServers(cluster).violations == [], "after a crash at moment \(number)")
    }
  }

  @Test(
    "a ProgLog that is deleted at any moment leaves nothing but the records that it promised to keep",
    arguments: ["Retain", "Delete"], Caches.allCases)
  func deletion(policy: String, caches: Caches) async throws {
    let storage: JSONValue = ["retention": ["whenDeleted": .string(policy)]]
    let cluster = try await prepared(
      Transition(
        testDescription: "", from: [["storage": storage]], to: ["replicas": 3, "storage": storage]))
    for (number, cluster) in try await moments(of: cluster).enumerated() {
      let subject = OperatorUnderTest(cluster)
      // Its caches show the ProgLog for a while after it is gone.
      subject.sync()
      cluster.remove(.progLog, "log")
      if caches == .stale { await subject.stumble(seed: UInt64(number)) }
      try await subject.settle()
      let left = Set(cluster.essence.keys.map { String($0.prefix { $0 != " " }) })
      #expect(left.isSubset(of: ["PersistentVolumeClaim"]), "moment \(number)")
      // A claim that no pass has seen yet belongs to nobody: it is kept rather than lost.
      if policy == "Retain" { #expect(cluster[.persistentVolumeClaim, "data-log-0"] != nil, "moment \(number)") }
    }
  }

  /// What a death at each request would leave behind, just before it and just after.
  private func moments(of cluster: InMemoryCluster) async throws -> [InMemoryCluster] {
    let seen = Mutex<(moments: [InMemoryCluster], last: String)>(([], ""))
    let look: @Sendable () -> Void = {
      let mark = "\(cluster.revision) \(InMemoryServers(cluster).changes.count) \(cluster.time.withLock { $0 })"
      seen.withLock { seen in
        guard seen.last != mark else { return }
        seen = (seen.moments + [cluster.copy()], mark)
      }
    }
    let decide: @Sendable (String) -> FaultyAPI.Fault = { request in
      // No operator reads events.
      guard !request.hasPrefix("get"), request != "create Event" else { return .pass }
      look()
      return .then(look)
    }
    let watched = OperatorUnderTest(
      cluster, api: FaultyAPI(cluster, decide: decide),
      members: FaultyMembers(servers: InMemoryServers(cluster), decide: decide))
    #expect(try await watched.settle())
    return seen.withLock { $0.moments }
  }

  private func prepared(_ transition: Transition) async throws -> InMemoryCluster {
    let cluster = InMemoryCluster()
    for spec in transition.from {
      cluster.apply(spec: spec)
      #expect(try await OperatorUnderTest(cluster).settle())
    }
    cluster.time.withLock { $0 += transition.wait }
    cluster.apply(spec: transition.to)
    if let annotations = transition.annotations {
      cluster.edit(.progLog, "log") { $0["metadata"]?["annotations"] = annotations }
    }
    return cluster
  }
}

extension OperatorUnderTest {
  /// Passes with caches of which each lags behind for a while, and which are told some things twice. What fails is repeated, as
  /// the work queue does.
  func stumble(seed: UInt64) async {
    var random = SeededGenerator(seed: seed)
    sync()
    for _ in 0..<12 {
      cluster.runControllers()
      servers.advance()
      for type in Self.types where Int.random(in: 0..<4, using: &random) == 0 { sync([type]) }
      for _ in 0..<Int.random(in: 1...2, using: &random) {
        do { try await reconcile() } catch { continue }
      }
    }
  }
}

extension InMemoryCluster {
  /// The names of those who vote.
  var voters: [String] {
    serverState.withLock { state in
      (state.group?.members ?? []).filter { $0.role == .voter }.map(\.identity.name).sorted()
    }
  }

  /// What is not as in another cluster, by name and path.
  func differences(from other: [String: JSONValue]) -> [String] {
    let mine = essence
    return Set(mine.keys).union(other.keys).filter { mine[$0] != other[$0] }.sorted().map { name in
      guard let left = mine[name], let right = other[name] else { return "\(name): in one of them only" }
      let difference = Difference(desired: left, observed: right) ?? Difference(desired: right, observed: left)
      return "\(name): \(difference?.path ?? "more")"
    }
  }

  /// Who would refuse whom, of the servers and users that have read what is there.
  var certificateProblems: [String] {
    guard let secret = self[.secret, Names.serverSecret("log")] else { return [] }
    var lab = CertificateLab()
    for pod in all(.pod) { lab.pods[pod.name] = Reading(secret, pod: pod.name) }
    for user in all(.secret) where user.name.hasPrefix("log-user-") { lab.users[user.name] = Reading(user: user) }
    let unread = all(.pod).map(\.name).filter { lab.pods[$0] == nil }
    return lab.refusals + unread.map { "\($0) has no certificate" }
  }
}

/// Stands between the operator and the servers.
struct FaultyMembers: MemberClient {
  let servers: InMemoryServers
  let decide: @Sendable (String) -> FaultyAPI.Fault

  func report(of member: MemberEndpoint) async -> MemberAnswer { servers.answer(of: member.pod) }

  func carryOut(_ change: Step.MembershipChange, at member: MemberEndpoint) async throws(MemberError) {
    let death = MemberError(description: "the operator was killed", mayPass: true)
    switch decide("\(change.verb) \(member.pod)") {
    case .pass: try servers.carryOut(change)
    case .failBefore: throw death
    case .failAfter:
      try servers.carryOut(change)
      throw death
    case .then(let look):
      try servers.carryOut(change)
      look()
    }
  }
}
