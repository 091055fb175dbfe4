import KubernetesClient
import Logging
import Synchronization
import Testing

@testable import Operator

/// A reconciler with caches that are filled when the test says so.
struct OperatorUnderTest {
  let cluster: InMemoryCluster
  let servers: InMemoryServers
  let view: ClusterView
  let reconciler: Reconciler

  static let types = [ResourceType.progLog] + ResourceType.children(Capabilities())
  static let defaults = OperatorDefaults(image: "logd:test")
  /// 2024-01-01T00:00:00Z.
  static let time: Int64 = 1_704_067_200
  /// Seconds of one turn: three without a change are longer than any time of grace.
  static let turn: Int64 = 300

  /// - Parameters:
  ///   - api: what stands between the operator and the cluster; the cluster itself when nil.
  ///   - members: the same for its servers.
  init(
    _ cluster: InMemoryCluster, api: (any KubernetesAPI)? = nil, members: (any MemberClient)? = nil
  ) {
    let time = { @Sendable in cluster.time.withLock { $0 } }
    self.cluster = cluster
    servers = InMemoryServers(cluster)
    let stores = Self.types.map { ($0, [ObjectStore(indexers: ClusterView.indexers)]) }
    view = ClusterView(stores: Dictionary(uniqueKeysWithValues: stores), expectations: Expectations())
    let api = api ?? cluster
    let events = EventRecorder(client: api, component: "test", instance: "test", logger: .silent)
    let observer = Observer(
      api: api, view: view, members: members ?? servers, adminCertificates: AdminCertificates(),
      capabilities: { Capabilities() }, time: time)
    reconciler = Reconciler(
      observer: observer, planner: Planner(defaults: Self.defaults), events: events,
      now: OperatorClock(seconds: time).text)
  }

  /// Lets the caches see everything.
  func sync(_ types: [ResourceType] = types) {
    for type in types {
      let objects = cluster.all(type, labelSelector: type == .progLog ? nil : Names.childSelector)
      for change in view.stores[type]?.first?.replace(with: objects) ?? [] { view.expectations.saw(change, of: type) }
    }
  }

  /// What there is to see now, with caches that show all of it.
  var assessment: Assessment {
    get async throws {
      let resource = try #require(cluster[.progLog, "log"])
      sync()
      return try await reconciler.observer.observe(resource, reconciler.planner)
    }
  }

  /// The plan for what is there now.
  var plan: [Step] { get async throws { reconciler.planner.plan(try await assessment) } }

  @discardableResult
  func reconcile(_ name: String = "log") async throws(KubernetesError) -> Reconciler.Outcome {
    try await reconciler.reconcile(ObjectKey(namespace: "default", name: name), logger: .silent)
  }

  /// Runs operator, cluster and servers in turns until none changes anything. Returns false if they never come to rest.
  @discardableResult
  func settle(_ faults: InMemoryCluster.Faults = .init()) async throws(KubernetesError) -> Bool {
    var quiet = 0
    for _ in 0..<120 {
      let before = (cluster.revision, servers.changes.count)
      cluster.time.withLock { $0 += Self.turn }
      cluster.runControllers(faults)
      servers.advance()
      sync()
      for resource in cluster.all(.progLog) { try await reconcile(resource.name) }
      cluster.runControllers(faults)
      quiet = before == (cluster.revision, servers.changes.count) ? quiet + 1 : 0
      // What happens among the servers shows one turn later.
      if quiet == 3 { return true }
    }
    return false
  }
}

extension Planner {
  /// The plan for what was observed.
  func steps(_ observation: Observation) -> [Step] { plan(assess(observation)) }
}

extension InMemoryCluster {
  /// Applies a ProgLog as a person would. Where the spec is silent it is one server without TLS: most tests are about neither.
  func apply(spec: JSONValue, name: String = "log") {
    var spec = spec
    if spec["replicas"] == nil { spec["replicas"] = 1 }
    if spec["tls"] == nil { spec["tls"] = ["mode": "Disabled"] }
    edit(.progLog, name) { $0["spec"] = spec }
  }

  /// The second and the third server are gone for good, with their volumes.
  func loseTwoOfThree() {
    for ordinal in 1...2 {
      remove(.persistentVolumeClaim, "data-log-\(ordinal)")
      remove(.pod, "log-\(ordinal)")
    }
  }

  func annotate(_ annotation: String, _ value: String) {
    edit(.progLog, "log") { content in
      var annotations = content[path: "metadata", "annotations"] ?? [:]
      annotations[annotation] = .string(value)
      content["metadata"]?["annotations"] = annotations
    }
  }

  func condition(_ type: String, of name: String = "log") -> (status: String?, reason: String?, message: String?) {
    let condition = self[.progLog, name]?.condition(type)
    return (condition?["status"]?.string, condition?["reason"]?.string, condition?["message"]?.string)
  }

  /// Every object but for what differs between two runs of the same: uids, versions, generations, times, keys and events.
  var essence: [String: JSONValue] {
    let objects = state.withLock { $0.objects }
    var result: [String: JSONValue] = [:]
    for (subject, object) in objects where subject.type != .event {
      var content = object.content
      for field in ["uid", "resourceVersion", "generation"] { content["metadata"]?[field] = nil }
      let owners = content[path: "metadata", "ownerReferences"]?.array?.map { $0["kind"] ?? nil }
      content["metadata"]?["ownerReferences"] = owners.map { .array($0) }
      content["status"]?["observedGeneration"] = nil
      content["status"]?["firstMember"]?["incarnation"] = nil
      let conditions = content[path: "status", "conditions"]?.array?.map { condition in
        var condition = condition
        condition["observedGeneration"] = nil
        condition["lastTransitionTime"] = nil
        return condition
      }
      if let conditions { content["status"]?["conditions"] = .array(conditions) }
      // Made of uids, and moving with every record.
      let members = content[path: "status", "members"]?.array?.map { member in
        (Member.volatileFields + ["incarnation"]).reduce(into: member) { $0[$1] = nil }
      }
      if let members { content["status"]?["members"] = .array(members) }
      content["status"]?["clusterID"] = nil
      content["status"]?["certificates"] = nil
      if subject.type == .secret {
        for annotation in [Names.writtenAnnotation, Names.appliedAnnotation] {
          content["metadata"]?["annotations"]?[annotation] = nil
        }
        let trusted = SecretContents(object)[Names.trustKey]?.split(separator: "BEGIN CERTIFICATE").count ?? 0
        let keys = (content["data"]?.object ?? [:]).keys.sorted().map { JSONValue.string($0) }
        content["data"] = .array(keys + [.integer(Int64(trusted))])
      }
      result["\(subject.type.kind) \(subject.key.name)"] = content
    }
    return result
  }
}

extension Logger {
  static let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
}
