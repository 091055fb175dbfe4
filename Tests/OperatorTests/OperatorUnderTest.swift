import KubernetesClient
import Logging
import Synchronization

@testable import Operator

/// A reconciler with caches that are filled when the test says so.
struct OperatorUnderTest {
  let cluster: InMemoryCluster
  let view: ClusterView
  let reconciler: Reconciler

  static let types = [ResourceType.progLog] + ResourceType.children
  static let defaults = OperatorDefaults(image: "logd:test")

  /// - Parameter api: what stands between the operator and the cluster; the cluster itself when nil.
  init(_ cluster: InMemoryCluster, api: (any KubernetesAPI)? = nil) {
    self.cluster = cluster
    let stores = Self.types.map { ($0, [ObjectStore(indexers: ClusterView.indexers)]) }
    view = ClusterView(stores: Dictionary(uniqueKeysWithValues: stores), expectations: Expectations())
    let api = api ?? cluster
    let events = EventRecorder(client: api, component: "test", instance: "test", logger: .silent)
    reconciler = Reconciler(
      api: api, view: view, planner: Planner(defaults: Self.defaults), events: events, now: { "2024-01-01T00:00:00Z" })
  }

  /// Lets the caches see everything.
  func sync(_ types: [ResourceType] = types) {
    for type in types {
      let objects = cluster.all(type, labelSelector: type == .progLog ? nil : Names.childSelector)
      for change in view.stores[type]?.first?.replace(with: objects) ?? [] { view.expectations.saw(change, of: type) }
    }
  }

  @discardableResult
  func reconcile(_ name: String = "log") async throws(KubernetesError) -> Reconciler.Outcome {
    try await reconciler.reconcile(ObjectKey(namespace: "default", name: name), logger: .silent)
  }

  /// Runs operator and cluster in turns until neither changes anything. Returns false if they never come to rest.
  @discardableResult
  func settle(_ faults: InMemoryCluster.Faults = .init()) async throws(KubernetesError) -> Bool {
    for _ in 0..<30 {
      let before = cluster.revision
      cluster.runControllers(faults)
      sync()
      for resource in cluster.all(.progLog) { try await reconcile(resource.name) }
      cluster.runControllers(faults)
      if cluster.revision == before { return true }
    }
    return false
  }
}

extension InMemoryCluster {
  /// Applies a ProgLog as a person would.
  func apply(spec: JSONValue, name: String = "log") {
    edit(.progLog, name) { $0["spec"] = spec }
  }

  func condition(_ type: String, of name: String = "log") -> (status: String?, reason: String?, message: String?) {
    let condition = self[.progLog, name]?.condition(type)
    return (condition?["status"]?.string, condition?["reason"]?.string, condition?["message"]?.string)
  }

  /// Every object but for what differs between two runs of the same: uids, versions, generations and events.
  var essence: [String: JSONValue] {
    let objects = state.withLock { $0.objects }
    var result: [String: JSONValue] = [:]
    for (subject, object) in objects where subject.type != .event {
      var content = object.content
      for field in ["uid", "resourceVersion", "generation"] { content["metadata"]?[field] = nil }
      let owners = content[path: "metadata", "ownerReferences"]?.array?.map { $0["kind"] ?? nil }
      content["metadata"]?["ownerReferences"] = owners.map { .array($0) }
      content["status"]?["observedGeneration"] = nil
      let conditions = content[path: "status", "conditions"]?.array?.map { condition in
        var condition = condition
        condition["observedGeneration"] = nil
        return condition
      }
      if let conditions { content["status"]?["conditions"] = .array(conditions) }
      result["\(subject.type.kind) \(subject.key.name)"] = content
    }
    return result
  }
}

extension Logger {
  static let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
}
