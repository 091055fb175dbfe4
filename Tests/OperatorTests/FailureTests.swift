import Foundation
import KubernetesClient
import ProgLogClient
import Synchronization
import Testing

@testable import Operator

/// Failures of other operators that fit in no other suite; docs/testing.md says where each of them is tested.
@Suite struct FailureTests {
  let cluster = InMemoryCluster()
  let subject: OperatorUnderTest

  init() { subject = OperatorUnderTest(cluster) }

  @Test("redpanda-operator#1866: other labels of pods leave every claim where it is")
  func labels() async throws {
    cluster.apply(spec: ["replicas": 3, "podLabels": ["team": "a"]])
    #expect(try await subject.settle())
    let claims = cluster.all(.persistentVolumeClaim).map(\.uid)
    cluster.forgetWrites()
    cluster.apply(spec: ["replicas": 3, "podLabels": ["team": "b", "tier": "x"]])
    #expect(try await subject.settle())
    #expect(cluster.all(.persistentVolumeClaim).map(\.uid) == claims)
    #expect(!cluster.writes.contains { $0.hasPrefix("delete PersistentVolumeClaim") })
    #expect(InMemoryServers(cluster).violations == [])
  }

  @Test("consul-k8s#561, vault#8162: members are known by names that outlive their pods")
  func names() async throws {
    cluster.apply(spec: ["replicas": 3])
    var addresses: [String] = []
    for _ in 0..<20 {
      cluster.runControllers()
      subject.servers.advance()
      for step in try await subject.plan {
        if case .administer(.add(_, let address, _)) = step.action { addresses.append(address) }
      }
      try await subject.reconcile()
    }
    #expect(
      Set(addresses) == ["log-1.log-headless.default.svc:8400", "log-2.log-headless.default.svc:8400"])
  }

  @Test("cloudnative-pg#10985: no pod is asked for while the claim that it would get is going")
  func terminatingClaim() async throws {
    cluster.apply(spec: [:])
    #expect(try await subject.settle())
    cluster.edit(.persistentVolumeClaim, "data-log-1") { content in
      content["metadata"]?["labels"] = .object(Names.labels("log", .server))
      content["metadata"]?["deletionTimestamp"] = "2024-01-01T00:00:00Z"
    }
    cluster.apply(spec: ["replicas": 3])
    try await subject.settle()
    #expect(cluster[.statefulSet, "log"]?.spec["replicas"] == 1)
    let held = try await subject.plan.first { $0.object.type == .statefulSet }
    #expect(held?.heldBackBy == "PersistentVolumeClaim data-log-1, which is being deleted, must be gone")
    cluster.remove(.persistentVolumeClaim, "data-log-1")
    #expect(try await subject.settle())
    #expect(cluster.voters.count == 3)
  }

  @Test("cloudnative-pg#10985: a pod that was made while its claim was going is made again, with a claim")
  func podWithoutClaim() async throws {
    cluster.apply(spec: ["replicas": 3])
    #expect(try await subject.settle())
    cluster.remove(.persistentVolumeClaim, "data-log-2")
    cluster.edit(.pod, "log-2") { content in
      content["status"] = [
        "phase": "Pending",
        "conditions": [["type": "PodScheduled", "status": "False", "reason": "Unschedulable"]],
      ]
    }
    let stuck = cluster[.pod, "log-2"]?.uid
    #expect(try await subject.plan.filter(\.isExecutable).map(\.title) == ["restart Pod log-2"])
    subject.sync()
    try await subject.reconcile()
    #expect(try await subject.settle())
    #expect(cluster[.pod, "log-2"]?.uid != stuck)
    #expect(cluster[.persistentVolumeClaim, "data-log-2"] != nil)
    #expect(cluster.voters.count == 3)
  }

  @Test("cloudnative-pg#5467: the disruption budget follows the size of the log, and goes with it")
  func disruptionBudget() async throws {
    let budget = { cluster[.disruptionBudget, "log"]?.spec["maxUnavailable"] }
    cluster.apply(spec: ["replicas": 5])
    #expect(try await subject.settle())
    #expect(budget() == 2)
    cluster.apply(spec: ["replicas": 3])
    #expect(try await subject.settle())
    #expect(budget() == 1)
    cluster.apply(spec: ["replicas": 1])
    #expect(try await subject.settle())
    #expect(cluster[.disruptionBudget, "log"] == nil)
  }

  @Test("a learner that does not answer is not made a voter, whatever its leader says")
  func silentLearner() async throws {
    cluster.apply(spec: ["replicas": 3])
    #expect(try await subject.settle())
    cluster.serverState.withLock { state in
      guard let index = state.group?.members.firstIndex(where: { $0.identity.name == "log-2" }) else { return }
      state.group?.members[index].role = .learner
    }
    subject.servers.mute(["log-2"])
    #expect(try await subject.plan.filter { $0.isExecutable && $0.isDisruptive } == [])
    subject.servers.mute([])
    #expect(try await subject.plan.filter { $0.isExecutable && $0.isDisruptive }.map(\.reason) == [.memberCaughtUp])
  }

  @Test("what was made and deleted before a cache saw it is not taken for something that is still going")
  func unseen() {
    let expectations = Expectations()
    let key = ObjectKey(namespace: "default", name: "log")
    let object = KubernetesObject([
      "metadata": ["name": "log", "namespace": "default", "uid": "1", "resourceVersion": "7"]
    ])
    expectations.wrote(object, as: .statefulSet)
    expectations.deleted(.statefulSet, key, uid: "1")
    #expect(expectations.corrected(nil, .statefulSet, key) == nil)
    #expect(expectations.corrected(object, .statefulSet, key)?.isBeingDeleted == true)
  }

  // MARK: The chart

  private static let charts = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "charts")

  private func files(of chart: String) throws -> [String: String] {
    let root = Self.charts.appending(path: chart)
    let paths = try #require(FileManager.default.enumerator(atPath: root.path)).compactMap { $0 as? String }
    return paths.reduce(into: [:]) { files, path in
      files[path] = try? String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
  }

  @Test("cloudnative-pg PR 9819: there is no webhook whose authority could be the wrong one")
  func noWebhook() throws {
    for chart in ["proglog-operator", "proglog"] {
      let webhooks = try files(of: chart).filter {
        $0.value.contains("WebhookConfiguration") || $0.value.contains("caBundle")
      }
      #expect(webhooks.keys.sorted() == [])
    }
  }

  @Test("lws#880: the resource definition is a template that uninstalling keeps, and never lies in crds/")
  func definition() throws {
    let files = try files(of: "proglog-operator")
    #expect(!files.keys.contains { $0.hasPrefix("crds/") })
    #expect(files["templates/crd.yaml"]?.contains("helm.sh/resource-policy: keep") == true)
  }
}
