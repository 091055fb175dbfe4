import KubernetesClient
import ProgLogClient
import Synchronization
import Testing

@testable import Operator

/// The operator dies at its n-th write or change of members, for every n, before it takes effect or after it; a fresh one
/// goes on and must end where an undisturbed one ends.
@Suite struct OperatorCrashTests {
  enum Moment: CaseIterable {
    case before
    case after
  }

  /// A transition: the specs that have converged before, and the one that is then asked for.
  struct Transition: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var from: [JSONValue] = []
    var to: JSONValue
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
  ]

  private static let death = KubernetesError.transport("the operator was killed")

  @Test("a crash at every write ends in the same objects", arguments: transitions, Moment.allCases)
  func everywhere(transition: Transition, moment: Moment) async throws {
    let expected = try await prepared(transition)
    #expect(try await OperatorUnderTest(expected).settle())
    var crashes = 0
    while true {
      let cluster = try await prepared(transition)
      let hasDied = try await runUntilDeath(at: crashes + 1, moment, on: cluster)
      guard hasDied else { break }
      crashes += 1
      #expect(try await OperatorUnderTest(cluster).settle(), "after a crash at write \(crashes)")
      #expect(cluster.essence == expected.essence, "after a crash at write \(crashes)")
      #expect(InMemoryServers(cluster).violations == [], "after a crash at write \(crashes)")
      #expect(cluster.voters == expected.voters, "after a crash at write \(crashes)")
    }
    #expect(crashes >= 3, "the transition writes at least an object, an event and the status")
  }

  /// Whether the operator wrote so often that it died of it.
  private func runUntilDeath(at write: Int, _ moment: Moment, on cluster: InMemoryCluster) async throws -> Bool {
    let countdown = Mutex(write)
    let decide: @Sendable (String) -> FaultyAPI.Fault = { request in
      let left = countdown.withLock { left in
        if !request.hasPrefix("get") || left <= 0 { left -= 1 }
        return left
      }
      if left < 0 { return .failBefore(Self.death) }
      guard left == 0 else { return .pass }
      return moment == .before ? .failBefore(Self.death) : .failAfter(Self.death)
    }
    let mortal = OperatorUnderTest(
      cluster, api: FaultyAPI(cluster, decide: decide),
      members: FaultyMembers(servers: InMemoryServers(cluster), decide: decide))
    do { try await mortal.settle() } catch { return true }
    // A crash while an event is written, or among the servers, shows only in that nothing works any more.
    return countdown.withLock { $0 <= 0 }
  }

  private func prepared(_ transition: Transition) async throws -> InMemoryCluster {
    let cluster = InMemoryCluster()
    for spec in transition.from {
      cluster.apply(spec: spec)
      #expect(try await OperatorUnderTest(cluster).settle())
    }
    cluster.apply(spec: transition.to)
    return cluster
  }
}

extension InMemoryCluster {
  /// The names of those who vote.
  var voters: [String] {
    serverState.withLock { state in
      (state.group?.members ?? []).filter { $0.role == .voter }.map(\.identity.name).sorted()
    }
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
    }
  }
}
