import KubernetesClient
import Synchronization

/// An API server in memory: server-side apply that knows who owns what, uids, generations, resource versions, watches,
/// and counts of writes. `InMemoryCluster+Controllers` plays Kubernetes' own controllers.
final class InMemoryCluster: KubernetesAPI {
  struct Subject: Hashable {
    var type: ResourceType
    var key: ObjectKey
  }

  struct State {
    var objects: [Subject: KubernetesObject] = [:]
    /// What each field manager applied last.
    var applied: [Subject: [String: JSONValue]] = [:]
    var revision: Int64 = 100
    /// Requests that would change something, but for events and leases.
    var writes: [String] = []
    var watchers: [(ResourceType, String?, AsyncStream<WatchEvent>.Continuation)] = []
  }

  let state = Mutex(State())
  /// What runs in its pods; see `InMemoryServers`.
  let serverState = Mutex(InMemoryServers.State())

  /// Seconds since 1970.
  let time = Mutex(OperatorUnderTest.time)

  var revision: Int64 { state.withLock { $0.revision } }
  var writes: [String] { state.withLock { $0.writes } }
  func forgetWrites() { state.withLock { $0.writes = [] } }

  /// The same at this moment, which goes its own way from here. Nobody watches it.
  func copy() -> InMemoryCluster {
    let copy = InMemoryCluster()
    var objects = state.withLock { $0 }
    objects.watchers = []
    copy.state.withLock { $0 = objects }
    let servers = serverState.withLock { $0 }
    copy.serverState.withLock { $0 = servers }
    let now = time.withLock { $0 }
    copy.time.withLock { $0 = now }
    return copy
  }

  subscript(type: ResourceType, name: String) -> KubernetesObject? {
    state.withLock { $0.objects[Subject(type: type, key: ObjectKey(namespace: "default", name: name))] }
  }

  func all(_ type: ResourceType, labelSelector: String? = nil) -> [KubernetesObject] {
    state.withLock { $0.all(type, labelSelector) }
  }

  /// Changes an object, or makes it, as somebody other than the operator.
  func edit(_ type: ResourceType, _ name: String, _ change: (inout JSONValue) -> Void) {
    state.withLock { state in
      let subject = Subject(type: type, key: ObjectKey(namespace: "default", name: name))
      var content =
        state.objects[subject]?.content ?? [
          "apiVersion": .string(type.apiVersion), "kind": .string(type.kind),
          "metadata": ["name": .string(name), "namespace": "default"],
        ]
      change(&content)
      state.store(content, subject)
    }
  }

  func remove(_ type: ResourceType, _ name: String) {
    state.withLock { $0.remove(Subject(type: type, key: ObjectKey(namespace: "default", name: name))) }
  }

  // MARK: KubernetesAPI

  func get(_ type: ResourceType, _ key: ObjectKey) async throws(KubernetesError) -> KubernetesObject? {
    state.withLock { $0.objects[Subject(type: type, key: key)] }
  }

  func list(
    _ type: ResourceType, namespace: String?, labelSelector: String?
  )
    async throws(KubernetesError) -> ObjectList
  {
    state.withLock { ObjectList(items: $0.all(type, labelSelector), resourceVersion: "\($0.revision)") }
  }

  func create(_ object: KubernetesObject, as type: ResourceType) async throws(KubernetesError) -> KubernetesObject {
    state.withLock { state in
      if type != .event, type != .lease { state.writes.append("create \(type.kind) \(object.name)") }
      return state.store(object.content, Subject(type: type, key: object.key))
    }
  }

  func update(_ object: KubernetesObject, as type: ResourceType) async throws(KubernetesError) -> KubernetesObject {
    let stored = state.withLock { state -> KubernetesObject? in
      let subject = Subject(type: type, key: object.key)
      guard state.objects[subject]?.resourceVersion == object.resourceVersion else { return nil }
      if type != .lease { state.writes.append("update \(type.kind) \(object.name)") }
      return state.store(object.content, subject)
    }
    guard let stored else { throw .status(APIStatus(code: 409, reason: "Conflict", message: "another version")) }
    return stored
  }

  func apply(
    _ object: KubernetesObject, as type: ResourceType, fieldManager: String
  )
    async throws(KubernetesError) -> KubernetesObject
  {
    let result = state.withLock { state -> Result<KubernetesObject, KubernetesError> in
      state.writes.append("apply \(type.kind) \(object.name)")
      let subject = Subject(type: type, key: object.key)
      let existing = state.objects[subject]
      if !object.uid.isEmpty, existing?.uid != object.uid {
        return .failure(.status(APIStatus(code: 409, reason: "Conflict", message: "the preconditions do not hold")))
      }
      return .success(state.apply(object.content, subject, manager: fieldManager))
    }
    return try result.get()
  }

  func applyStatus(
    _ object: KubernetesObject, as type: ResourceType, fieldManager: String
  )
    async throws(KubernetesError) -> KubernetesObject
  {
    let result = state.withLock { state -> Result<KubernetesObject, KubernetesError> in
      state.writes.append("apply status of \(type.kind) \(object.name)")
      let subject = Subject(type: type, key: object.key)
      guard var content = state.objects[subject]?.content else {
        return .failure(.status(APIStatus(code: 404, reason: "NotFound", message: "not found")))
      }
      content["status"] = object.status
      return .success(state.store(content, subject))
    }
    return try result.get()
  }

  func mergePatch(
    _ type: ResourceType, _ key: ObjectKey, _ patch: JSONValue
  )
    async throws(KubernetesError) -> KubernetesObject
  {
    guard let object = try await get(type, key) else {
      throw .status(APIStatus(code: 404, reason: "NotFound", message: "not found"))
    }
    return object  // Only events are patched, and nobody reads them here.
  }

  func delete(
    _ type: ResourceType, _ key: ObjectKey, onlyIf preconditions: DeletePreconditions?, propagation: DeletePropagation
  )
    async throws(KubernetesError)
  {
    let conflict = state.withLock { state in
      state.writes.append("delete \(type.kind) \(key.name)")
      let subject = Subject(type: type, key: key)
      if let preconditions, let object = state.objects[subject], !preconditions.hold(of: object) { return true }
      if propagation == .orphan { state.orphan(subject) }
      state.remove(subject)
      return false
    }
    if conflict { throw .status(APIStatus(code: 409, reason: "Conflict", message: "uid mismatch")) }
  }
}

extension InMemoryCluster.State {
  typealias Subject = InMemoryCluster.Subject

  func all(_ type: ResourceType, _ labelSelector: String?) -> [KubernetesObject] {
    let pair = labelSelector?.split(separator: "=").map(String.init)
    return objects.filter { $0.key.type == type }.map(\.value)
      .filter { object in pair.map { object.labels[$0[0]] == $0[1] } ?? true }
      .sorted { $0.name < $1.name }
  }

  @discardableResult
  mutating func store(_ content: JSONValue, _ subject: Subject) -> KubernetesObject {
    let old = objects[subject]
    var object = KubernetesObject(content)
    if subject.type == .service, object.spec["clusterIP"] == nil {
      object.content["spec"]?["clusterIP"] = "10.0.0.7"  // A default of the server's.
    }
    if let old, old.content == object.content { return old }
    revision += 1
    object.content["metadata"]?["uid"] = .string(old?.uid ?? "uid-\(revision)")
    object.content["metadata"]?["resourceVersion"] = .string("\(revision)")
    let generation = old.map { $0.spec == object.spec ? $0.generation : $0.generation + 1 } ?? 1
    object.content["metadata"]?["generation"] = .integer(generation)
    objects[subject] = object
    tell(subject.type, old, object)
    return object
  }

  /// Its dependents lose it as their owner, and so live on.
  fileprivate mutating func orphan(_ subject: Subject) {
    guard let uid = objects[subject]?.uid else { return }
    for (other, object) in objects {
      let owners = object.metadata["ownerReferences"]?.array ?? []
      guard owners.contains(where: { $0["uid"]?.string == uid }) else { continue }
      var content = object.content
      content["metadata"]?["ownerReferences"] = .array(owners.filter { $0["uid"]?.string != uid })
      store(content, other)
    }
  }

  mutating func remove(_ subject: Subject) {
    guard let old = objects.removeValue(forKey: subject) else { return }
    applied[subject] = nil
    revision += 1
    tell(subject.type, old, nil)
  }

  mutating func apply(_ desired: JSONValue, _ subject: Subject, manager: String) -> KubernetesObject {
    var content = objects[subject]?.content ?? [:]
    if let previous = applied[subject]?[manager] { content = content.removing(previous, notIn: desired) ?? [:] }
    applied[subject, default: [:]][manager] = desired
    return store(content.merging(desired), subject)
  }

  private func tell(_ type: ResourceType, _ old: KubernetesObject?, _ new: KubernetesObject?) {
    for (watched, selector, continuation) in watchers where watched == type {
      let pair = selector?.split(separator: "=").map(String.init)
      let matches = { (object: KubernetesObject?) in
        object.map { object in pair.map { object.labels[$0[0]] == $0[1] } ?? true } ?? false
      }
      switch (matches(old), matches(new)) {
      case (false, true): continuation.yield(.added(new ?? KubernetesObject([:])))
      case (true, true): continuation.yield(.modified(new ?? KubernetesObject([:])))
      case (true, false): continuation.yield(.deleted(old ?? KubernetesObject([:])))
      case (false, false): break
      }
    }
  }
}

extension JSONValue {
  /// The field by which server-side apply tells the elements of a list apart; nil for lists that are one value.
  private static func key(of elements: [JSONValue]) -> String? {
    ["uid", "name"].first { key in !elements.isEmpty && elements.allSatisfy { $0[key]?.string != nil } }
  }

  func merging(_ other: JSONValue) -> JSONValue {
    switch (self, other) {
    case (.object(let mine), .object(let others)):
      return .object(mine.merging(others) { $0.merging($1) })
    case (.array(let mine), .array(let others)):
      guard let key = Self.key(of: mine + others) else { return other }
      var result = mine
      for element in others {
        if let index = result.firstIndex(where: { $0[key] == element[key] }) {
          result[index] = result[index].merging(element)
        } else {
          result.append(element)
        }
      }
      return .array(result)
    default: return other
    }
  }

  /// Without the fields of `previous` that `next` no longer has.
  func removing(_ previous: JSONValue, notIn next: JSONValue?) -> JSONValue? {
    switch (self, previous) {
    case (.object(var mine), .object(let previous)):
      for (key, value) in previous { mine[key] = mine[key]?.removing(value, notIn: next?[key]) }
      return mine.isEmpty && next == nil ? Self?.none : .object(mine)
    case (.array(let mine), .array(let previous)):
      guard let key = Self.key(of: mine + previous) else { return next == nil ? Self?.none : self }
      let elements = mine.compactMap { element -> JSONValue? in
        guard let before = previous.first(where: { $0[key] == element[key] }) else { return element }
        return element.removing(before, notIn: next?.array?.first { $0[key] == element[key] })
      }
      return elements.isEmpty && next == nil ? Self?.none : .array(elements)
    default: return next == nil ? Self?.none : self
    }
  }
}
