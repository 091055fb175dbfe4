import KubernetesClient
import Synchronization
import Testing

@testable import Operator

/// The operator dies at its n-th write, for every n, before the write takes effect or after it; a fresh one goes on and
/// must end where an undisturbed one ends.
@Suite struct CrashTests {
  enum Moment: CaseIterable {
    case before
    case after
  }

  /// A transition: the spec that has converged before, if any, and the one that is then asked for.
  struct Transition: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var from: JSONValue?
    var to: JSONValue
  }

  static let transitions = [
    Transition(testDescription: "create", from: nil, to: [:]),
    Transition(
      testDescription: "create with everything set", from: nil,
      to: ["access": ["type": "NodePort"], "storage": ["retention": ["whenDeleted": "Delete"]], "logLevel": "debug"]),
    Transition(
      testDescription: "restart with other settings", from: [:], to: ["logLevel": "debug", "image": "logd:2"]),
    Transition(
      testDescription: "everything at once", from: ["access": ["annotations": ["a": "b"]]],
      to: [
        "access": ["type": "ClusterIP"], "service": ["type": "LoadBalancer"], "image": "logd:2",
        "storage": ["retention": ["whenDeleted": "Delete"]], "podLabels": ["team": "x"],
      ]),
    Transition(
      testDescription: "keep the records again", from: ["storage": ["retention": ["whenDeleted": "Delete"]]], to: [:]),
  ]

  private static let death = KubernetesError.transport("the operator was killed")

  @Test("a crash at every write ends in the same objects", arguments: transitions, Moment.allCases)
  func everywhere(transition: Transition, moment: Moment) async throws {
    let expected = try await prepared(transition)
    #expect(try await OperatorUnderTest(expected).settle())
    #expect(expected.condition("Ready").status == "True")
    var crashes = 0
    while true {
      let cluster = try await prepared(transition)
      let countdown = Mutex(crashes + 1)
      let mortal = OperatorUnderTest(
        cluster,
        api: FaultyAPI(cluster) { request in
          let left = countdown.withLock { left in
            if !request.hasPrefix("get") || left <= 0 { left -= 1 }
            return left
          }
          if left < 0 { return .failBefore(Self.death) }
          guard left == 0 else { return .pass }
          return moment == .before ? .failBefore(Self.death) : .failAfter(Self.death)
        })
      var hasDied = false
      do { try await mortal.settle() } catch { hasDied = true }
      // A crash while an event is written shows only in that nothing works any more.
      hasDied = hasDied || countdown.withLock { $0 <= 0 }
      guard hasDied else { break }
      crashes += 1
      #expect(try await OperatorUnderTest(cluster).settle(), "after a crash at write \(crashes)")
      #expect(cluster.essence == expected.essence, "after a crash at write \(crashes)")
    }
    #expect(crashes >= 3, "the transition writes at least an object, an event and the status")
  }

  private func prepared(_ transition: Transition) async throws -> InMemoryCluster {
    let cluster = InMemoryCluster()
    if let from = transition.from {
      cluster.apply(spec: from)
      #expect(try await OperatorUnderTest(cluster).settle())
    }
    cluster.apply(spec: transition.to)
    return cluster
  }
}
