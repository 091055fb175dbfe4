import KubernetesClient
import Testing

@testable import Operator

/// The planner against a cluster in memory, read as a transcript: what it wants to do at each moment, and why.
@Suite struct PlannerTests {
  let cluster = InMemoryCluster()
  let subject: OperatorUnderTest

  init() { subject = OperatorUnderTest(cluster) }

  /// The plan for what is there now.
  private func plan(_ name: String = "log") -> [Step] {
    guard let resource = cluster[.progLog, name] else { return [] }
    var observation = Observation(resource: resource)
    for pod in subject.servers.runningDisks().keys { observation.answers[pod] = subject.servers.answer(of: pod) }
    for type in ResourceType.children(Capabilities()) {
      for object in cluster.all(type) { observation[type, object.name] = object }
    }
    return subject.reconciler.planner.steps(observation)
  }

  private func transcript(_ name: String = "log") -> [String] {
    plan(name).map { "\($0.title) (\($0.reason.rawValue))" + ($0.heldBackBy == nil ? "" : " held back") }
  }

  @Test("a log is made from nothing, step by step")
  func creation() async throws {
    cluster.apply(spec: [:])
    #expect(
      transcript() == [
        "create ServiceAccount log-server (Missing)", "create ConfigMap log-config (Missing)",
        "create NetworkPolicy log (Missing)", "create Service log-headless (Missing)", "create Service log (Missing)",
        "create Service log-0 (Missing)", "create StatefulSet log (Missing)",
        "wait for Pod log-0 (PodNotReady)", "wait for Service log-0 (AddressPending)",
      ])
    subject.sync()
    try await subject.reconcile()
    #expect(
      transcript() == [
        "wait for StatefulSet log (TemplatePending)", "wait for Pod log-0 (PodNotReady)",
        "wait for Service log-0 (AddressPending)",
      ])
    cluster.runControllers(.init(hasLoadBalancers: false, podsBecomeReady: false))
    #expect(
      transcript() == ["wait for Pod log-0 (PodNotReady)", "wait for Service log-0 (AddressPending)"])
    cluster.runControllers(.init(hasLoadBalancers: false))
    #expect(
      transcript() == [
        "bootstrap the cluster on Pod log-0 (FirstStart) held back", "wait for Service log-0 (AddressPending)",
      ])
    subject.sync()
    try await subject.reconcile()
    #expect(
      transcript() == [
        "bootstrap the cluster on Pod log-0 (FirstStart)", "wait for Service log-0 (AddressPending)",
      ], "the status says where it begins")
    subject.sync()
    try await subject.reconcile()
    #expect(transcript() == ["wait for Service log-0 (AddressPending)"])
    cluster.runControllers()
    #expect(transcript() == ["change ConfigMap log-config (SpecChanged)"], "clients are told of the address")
    try await subject.settle()
    #expect(transcript() == [])
  }

  @Test("a changed setting is applied first, and the pod restarted once the StatefulSet controller knows it")
  func change() async throws {
    cluster.apply(spec: [:])
    try await subject.settle()
    cluster.apply(spec: ["logLevel": "debug"])
    #expect(
      transcript() == ["change ConfigMap log-config (SpecChanged)", "change StatefulSet log (SpecChanged)"])
    subject.sync()
    try await subject.reconcile()
    #expect(transcript() == ["wait for StatefulSet log (TemplatePending)"])
    #expect(cluster.condition("Ready").status == "True", "the old pod still serves")
    #expect(cluster.condition("Progressing").status == "True")
    cluster.runControllers()
    #expect(transcript() == ["restart Pod log-0 (TemplateChanged)"])
    subject.sync()
    try await subject.reconcile()
    #expect(transcript() == ["wait for Pod log-0 (PodNotReady)"])
    cluster.runControllers()
    #expect(transcript() == [])
  }

  @Test("a setting of the Services restarts no pod")
  func noRestart() async throws {
    cluster.apply(spec: ["access": ["annotations": ["a": "b"]]])
    try await subject.settle()
    #expect(cluster[.service, "log-0"]?.annotations["a"] == "b")
    let pod = cluster[.pod, "log-0"]?.uid
    cluster.apply(spec: ["access": ["type": "ClusterIP"], "service": ["type": "NodePort"]])
    #expect(
      transcript() == [
        "change ConfigMap log-config (SpecChanged)", "change Service log (SpecChanged)",
        "change Service log-0 (SpecChanged)",
      ])
    try await subject.settle()
    #expect(cluster[.pod, "log-0"]?.uid == pod)
    #expect(cluster[.service, "log-0"]?.annotations["a"] == nil, "an annotation that the spec gave up is removed")
    #expect(cluster[.progLog, "log"]?.status["members"]?.array?.first?["address"] == "log-0.default.svc:8400")
  }

  @Test("what somebody else changed is put back")
  func drift() async throws {
    cluster.apply(spec: [:])
    try await subject.settle()
    let before = cluster.essence
    cluster.edit(.service, "log-0") { $0["spec"]?["selector"]?["statefulset.kubernetes.io/pod-name"] = "other" }
    cluster.remove(.configMap, "log-config")
    #expect(
      transcript() == ["create ConfigMap log-config (Missing)", "change Service log-0 (Drifted)"])
    #expect(plan()[1].because.contains("spec.selector.statefulset.kubernetes.io/pod-name"))
    try await subject.settle()
    #expect(cluster.essence == before)
  }

  @Test("a Service of a pod that the spec no longer has is deleted, and no other")
  func surplus() async throws {
    cluster.apply(spec: [:])
    try await subject.settle()
    let ours = cluster[.service, "log-0"]?.content ?? [:]
    cluster.edit(.service, "log-1") {
      $0["spec"] = ours["spec"]
      $0["metadata"]?["labels"] = ours[path: "metadata", "labels"]
      $0["metadata"]?["ownerReferences"] = ours[path: "metadata", "ownerReferences"]
    }
    cluster.edit(.service, "strangers") { $0["metadata"]?["labels"] = ours[path: "metadata", "labels"] }
    #expect(transcript() == ["delete Service log-1 (Surplus)"])
    try await subject.settle()
    #expect(cluster[.service, "log-1"] == nil)
    #expect(cluster[.service, "strangers"] != nil)
  }

  @Test("an object that is not ours is refused by name, and nothing is touched")
  func foreign() async throws {
    cluster.edit(.service, "log-0") { $0["spec"] = ["type": "ClusterIP"] }
    cluster.apply(spec: [:])
    #expect(transcript() == ["refuse Service log-0 (NotOwned)"])
    subject.sync()
    #expect(try await subject.reconcile() == .again(after: Reconciler.foreignObjectInterval))
    #expect(cluster.writes == ["apply status of ProgLog log"])
    #expect(cluster.condition("Degraded").reason == "NotOwned")
    #expect(cluster.condition("Ready").message?.contains("Service log-0") == true)
    cluster.remove(.service, "log-0")
    try await subject.settle()
    #expect(cluster.condition("Ready").status == "True")
    #expect(cluster.condition("Degraded").status == "False")
  }

  @Test("what an earlier ProgLog of the name left is waited for, not taken")
  func predecessor() async throws {
    cluster.apply(spec: ["storage": ["retention": ["whenDeleted": "Delete"]]])
    try await subject.settle()
    cluster.remove(.progLog, "log")
    cluster.apply(spec: [:])
    #expect(Set(plan().map(\.reason)) == [.deletionPending])
    cluster.remove(.statefulSet, "log")
    for name in ["log", "log-0", "log-headless"] { cluster.remove(.service, name) }
    cluster.remove(.configMap, "log-config")
    cluster.remove(.serviceAccount, "log-server")
    cluster.remove(.networkPolicy, "log")
    #expect(transcript().contains("create StatefulSet log (Missing) held back"), "its claim is going")
    try await subject.settle()
    #expect(plan() == [])
  }

  @Test("while a ProgLog is being deleted nothing is done")
  func deletion() async throws {
    cluster.apply(spec: [:])
    cluster.edit(.progLog, "log") { $0["metadata"]?["deletionTimestamp"] = "2024-01-01T00:00:00Z" }
    #expect(plan() == [])
    subject.sync()
    try await subject.reconcile()
    #expect(cluster.writes == [])
  }

  @Test("storage that cannot be changed is reported while everything else goes on")
  func storage() async throws {
    cluster.apply(spec: ["storage": ["size": "1024Mi"]])
    try await subject.settle()
    cluster.apply(spec: ["storage": ["size": "1Gi"]])
    #expect(plan() == [], "the same size in another spelling is no change")
    cluster.apply(spec: ["logLevel": "debug", "storage": ["size": "2Gi", "storageClassName": "fast"]])
    #expect(try await subject.settle())
    #expect(transcript() == ["refuse StatefulSet log (StorageImmutable)"])
    #expect(cluster.condition("Degraded").message?.contains("spec.storage.storageClassName is fast but") == true)
    #expect(cluster.condition("Ready").status == "True")
    #expect(cluster[.configMap, "log-config"]?.content[path: "data", "logd.yaml"]?.string?.contains("debug") == true)
  }

  @Test("the claim follows the retention policy both ways, and owners of others stay")
  func retention() async throws {
    cluster.apply(spec: ["storage": ["retention": ["whenDeleted": "Delete"]]])
    try await subject.settle()
    let owners = { cluster[.persistentVolumeClaim, "data-log-0"]?.metadata["ownerReferences"]?.array ?? [] }
    #expect(owners().count == 1)
    // The lone owner would be collected: this one is there.
    let other: JSONValue = ["kind": "ConfigMap", "uid": .string(cluster[.configMap, "log-config"]?.uid ?? "")]
    let both = JSONValue.array(owners() + [other])
    cluster.edit(.persistentVolumeClaim, "data-log-0") { $0["metadata"]?["ownerReferences"] = both }
    cluster.apply(spec: ["storage": ["retention": ["whenDeleted": "Retain"]]])
    #expect(transcript() == ["change PersistentVolumeClaim data-log-0 (RetentionChanged)"])
    try await subject.settle()
    #expect(owners() == [other])
  }

  @Test("deleting the ProgLog deletes what it owns, and the records only when the policy says so")
  func garbage() async throws {
    for (policy, survivors) in [("Retain", ["PersistentVolumeClaim data-log-0"]), ("Delete", [])] {
      cluster.apply(spec: ["storage": ["retention": ["whenDeleted": .string(policy)]]])
      #expect(try await subject.settle())
      cluster.remove(.progLog, "log")
      try await subject.settle()
      #expect(cluster.essence.keys.sorted() == survivors)
    }
  }

  @Test(
    "a pod that does not come up says why",
    arguments: [
      (["containerStatuses": [["state": ["waiting": ["reason": "ImagePullBackOff"]]]]], "ImagePullBackOff"),
      (["conditions": [["type": "PodScheduled", "status": "False", "message": "0/1 nodes"]]], "0/1 nodes"),
      (["containerStatuses": [["state": ["terminated": ["reason": "OOMKilled"]]]]], "OOMKilled"),
      (["containerStatuses": [["state": ["running": [:]], "started": false]]], "starting"),
      (["phase": "Pending"], "not been started on a node"),
      ([:], "readiness probe"),
    ] as [(JSONValue, String)])
  func unready(status: JSONValue, reason: String) async throws {
    cluster.apply(spec: [:])
    try await subject.settle()
    cluster.edit(.pod, "log-0") { $0["status"] = status }
    #expect(transcript() == ["wait for Pod log-0 (PodNotReady)"])
    #expect(plan().first?.because.contains(reason) == true)
    subject.sync()
    try await subject.reconcile()
    #expect(cluster.condition("Ready").status == "False")
    #expect(cluster.condition("Ready").message?.contains(reason) == true)
  }

  @Test("what there is nothing to say about is left out of the status, for an empty map can become one that is refused")
  func noCertificates() async throws {
    cluster.apply(spec: ["tls": ["mode": "Managed"]])
    let observation = Observation(resource: try #require(cluster[.progLog, "log"]))
    let planner = subject.reconciler.planner
    let status = planner.status(planner.assess(observation), steps: [], failure: nil, now: "")
    #expect(status["certificates"] == nil)
    #expect(status["tlsMode"] == "Managed")
  }

  @Test("an invalid spec changes nothing but the status, also of a log that runs")
  func invalid() async throws {
    cluster.apply(spec: [:])
    try await subject.settle()
    let members = cluster[.progLog, "log"]?.status["members"]
    cluster.forgetWrites()
    cluster.apply(spec: ["replicas": 2])
    #expect(try await subject.settle())
    #expect(cluster.writes == ["apply status of ProgLog log"])
    #expect(cluster.condition("Ready").reason == "InvalidSpec")
    #expect(cluster.condition("Degraded").message?.hasPrefix("spec.replicas must be 1, 3, 5, 7 or 9") == true)
    #expect(cluster[.progLog, "log"]?.status["members"] == members)
  }
}
