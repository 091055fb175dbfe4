import KubernetesClient
import Synchronization
import Testing

@testable import Operator

@Suite struct ReconcilerTests {
  let cluster = InMemoryCluster()

  @Test("a converged operator writes nothing, also after a restart")
  func silence() async throws {
    cluster.apply(spec: ["resources": ["limits": ["cpu": "0.5"]]])
    let first = OperatorUnderTest(cluster)
    #expect(try await first.settle())
    cluster.forgetWrites()
    for subject in [first, OperatorUnderTest(cluster)] {
      for _ in 0..<5 {
        subject.sync()
        #expect(try await subject.reconcile() == .again(after: Reconciler.restInterval))
      }
    }
    #expect(cluster.writes == [])
  }

  @Test("caches that show nothing of what was done make nothing be done twice")
  func staleness() async throws {
    cluster.apply(spec: [:])
    let subject = OperatorUnderTest(cluster)
    subject.sync()
    for _ in 0..<5 { try await subject.reconcile() }
    let writes = cluster.writes
    #expect(Set(writes).count == writes.count, "\(writes)")

    // A restart: the pod is deleted once, though the cache goes on showing the old one.
    try await subject.settle()
    cluster.apply(spec: ["logLevel": "debug"])
    subject.sync()
    try await subject.reconcile()
    cluster.runControllers()
    subject.sync([.statefulSet])
    cluster.forgetWrites()
    for _ in 0..<5 { try await subject.reconcile() }
    #expect(cluster.writes.filter { $0 == "delete Pod log-0" }.count == 1)
    #expect(try await subject.settle())
    #expect(cluster.condition("Ready").status == "True")
  }

  @Test("an old cache never brings back what was replaced")
  func oldIncarnation() async throws {
    cluster.apply(spec: [:])
    let subject = OperatorUnderTest(cluster)
    try await subject.settle()
    // The pod was replaced by one of the new template while the cache still shows the one that it deleted.
    cluster.apply(spec: ["logLevel": "debug"])
    subject.sync()
    try await subject.reconcile()
    cluster.runControllers()
    subject.sync([.statefulSet])
    cluster.remove(.pod, "log-0")
    cluster.runControllers()
    let uid = cluster[.pod, "log-0"]?.uid
    await #expect(throws: KubernetesError.self) { try await subject.reconcile() }
    #expect(cluster[.pod, "log-0"]?.uid == uid, "the uid in the delete's precondition spares the new pod")
    #expect(try await subject.settle())
  }

  @Test("a pass over what is at rest asks the API server for nothing")
  func rest() async throws {
    cluster.apply(spec: ["replicas": 3])
    let requests = Mutex<[String]>([])
    let api = FaultyAPI(cluster) { request in
      requests.withLock { $0.append(request) }
      return .pass
    }
    let subject = OperatorUnderTest(cluster, api: api)
    #expect(try await subject.settle())
    #expect(requests.withLock { $0 }.contains("apply PodDisruptionBudget log"))
    requests.withLock { $0 = [] }
    try await subject.reconcile()
    #expect(requests.withLock { $0 } == [])
  }

  @Test("transition times move only with the status")
  func transitionTimes() throws {
    cluster.apply(spec: [:])
    cluster.edit(.progLog, "log") { $0["metadata"]?["generation"] = 1 }
    let planner = Planner(defaults: OperatorUnderTest.defaults)
    var observation = Observation(resource: try #require(cluster[.progLog, "log"]))
    let steps = planner.steps(observation)
    let first = planner.status(planner.assess(observation), steps: steps, failure: nil, now: "2024-01-01T00:00:00Z")
    observation.resource.content["status"] = first
    let assessment = planner.assess(observation)
    #expect(planner.status(assessment, steps: steps, failure: nil, now: "2024-01-02T00:00:00Z") == first)
    let failed = planner.status(
      assessment, steps: [], failure: StepFailure(step: "x", message: "y"), now: "2024-01-03T00:00:00Z")
    let times = failed["conditions"]?.array?.map { $0["lastTransitionTime"]?.string }
    #expect(times == Array(repeating: "2024-01-03T00:00:00Z", count: 3))
  }

  @Test("what the API server refuses is in the status, in its words")
  func refusal() async throws {
    cluster.apply(spec: [:])
    let forbidden = KubernetesError.status(APIStatus(code: 403, reason: "Forbidden", message: "quota exceeded"))
    let subject = OperatorUnderTest(
      cluster, api: FaultyAPI(cluster) { $0 == "apply StatefulSet log" ? .failBefore(forbidden) : .pass })
    subject.sync()
    await #expect(throws: forbidden) { try await subject.reconcile() }
    #expect(cluster.condition("Degraded").reason == "StepFailed")
    #expect(cluster.condition("Degraded").message?.contains("create StatefulSet log: 403 Forbidden: quota") == true)
    cluster.forgetWrites()
    subject.sync()
    await #expect(throws: forbidden) { try await subject.reconcile() }
    #expect(cluster.writes == [], "the same refusal is written once")
  }

  @Test("something that undoes what is applied is reported, not fought")
  func webhook() async throws {
    cluster.apply(spec: [:])
    let subject = OperatorUnderTest(
      cluster,
      api: FaultyAPI(cluster) { _ in
        .pass
      } answer: { object in
        var object = object
        if object.kind == "Service" { object.content["spec"]?["ports"] = [] }
        return object
      })
    subject.sync()
    let error = await #expect(throws: KubernetesError.self) { try await subject.reconcile() }
    #expect(error?.description.contains("at spec.ports[rpc]") == true)
  }
}

/// Stands between the operator and the cluster and lets requests fail.
final class FaultyAPI: KubernetesAPI {
  enum Fault {
    case pass
    case failBefore(KubernetesError)
    /// The request takes effect, but the answer is lost.
    case failAfter(KubernetesError)
    /// It takes effect, and this is done before anybody knows.
    case then(@Sendable () -> Void)
  }

  private let cluster: InMemoryCluster
  private let decide: @Sendable (String) -> Fault
  private let answer: @Sendable (KubernetesObject) -> KubernetesObject

  /// - Parameter decide: what happens to a request such as `apply Service log`.
  init(
    _ cluster: InMemoryCluster, decide: @escaping @Sendable (String) -> Fault,
    answer: @escaping @Sendable (KubernetesObject) -> KubernetesObject = { $0 }
  ) {
    self.cluster = cluster
    self.decide = decide
    self.answer = answer
  }

  private func pass<Value>(
    _ request: String, _ send: () async throws(KubernetesError) -> Value
  )
    async throws(KubernetesError) -> Value
  {
    switch decide(request) {
    case .pass: return try await send()
    case .failBefore(let error): throw error
    case .failAfter(let error):
      _ = try await send()
      throw error
    case .then(let look):
      let value = try await send()
      look()
      return value
    }
  }

  func get(_ type: ResourceType, _ key: ObjectKey) async throws(KubernetesError) -> KubernetesObject? {
    try await pass("get \(type.kind) \(key.name)") { () throws(KubernetesError) in try await cluster.get(type, key) }
  }

  func list(
    _ type: ResourceType, namespace: String?, labelSelector: String?
  )
    async throws(KubernetesError) -> ObjectList
  { try await cluster.list(type, namespace: namespace, labelSelector: labelSelector) }

  func create(_ object: KubernetesObject, as type: ResourceType) async throws(KubernetesError) -> KubernetesObject {
    try await pass("create \(type.kind)") { () throws(KubernetesError) in try await cluster.create(object, as: type) }
  }

  func update(_ object: KubernetesObject, as type: ResourceType) async throws(KubernetesError) -> KubernetesObject {
    try await pass("update \(type.kind) \(object.name)") { () throws(KubernetesError) in
      try await cluster.update(object, as: type)
    }
  }

  func apply(
    _ object: KubernetesObject, as type: ResourceType, fieldManager: String
  )
    async throws(KubernetesError) -> KubernetesObject
  {
    try await pass("apply \(type.kind) \(object.name)") { () throws(KubernetesError) in
      answer(try await cluster.apply(object, as: type, fieldManager: fieldManager))
    }
  }

  func applyStatus(
    _ object: KubernetesObject, as type: ResourceType, fieldManager: String
  )
    async throws(KubernetesError) -> KubernetesObject
  {
    try await pass("apply status of \(type.kind) \(object.name)") { () throws(KubernetesError) in
      try await cluster.applyStatus(object, as: type, fieldManager: fieldManager)
    }
  }

  func mergePatch(
    _ type: ResourceType, _ key: ObjectKey, _ patch: JSONValue
  )
    async throws(KubernetesError) -> KubernetesObject
  {
    try await pass("patch \(type.kind)") { () throws(KubernetesError) in try await cluster.mergePatch(type, key, patch)
    }
  }

  func delete(
    _ type: ResourceType, _ key: ObjectKey, onlyIf preconditions: DeletePreconditions?, propagation: DeletePropagation
  )
    async throws(KubernetesError)
  {
    try await pass("delete \(type.kind) \(key.name)") { () throws(KubernetesError) in
      try await cluster.delete(type, key, onlyIf: preconditions, propagation: propagation)
    }
  }
}
