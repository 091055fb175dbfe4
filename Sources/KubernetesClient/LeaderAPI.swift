/// The API server for those who may write only while this process leads.
///
/// Each write asks the clock first. A process that was stopped for a minute and wakes up in the middle of its work,
/// before it has noticed that its lease is gone, is refused here rather than by chance. What remains is the way of one
/// request to the server: `renewDeadline` ends 5 s before another may lead.
package struct LeaderAPI: KubernetesAPI {
  private let api: any KubernetesAPI
  private let leadership: Leadership

  package init(_ api: any KubernetesAPI, leadership: Leadership) {
    self.api = api
    self.leadership = leadership
  }

  private func requireLeadership() throws(KubernetesError) {
    guard leadership.isHeld else { throw .notLeader }
  }

  package func get(_ type: ResourceType, _ key: ObjectKey) async throws(KubernetesError) -> KubernetesObject? {
    try await api.get(type, key)
  }

  package func list(
    _ type: ResourceType, namespace: String?, labelSelector: String?
  ) async throws(KubernetesError) -> ObjectList {
    try await api.list(type, namespace: namespace, labelSelector: labelSelector)
  }

  package func create(
    _ object: KubernetesObject, as type: ResourceType
  ) async throws(KubernetesError) -> KubernetesObject {
    try requireLeadership()
    return try await api.create(object, as: type)
  }

  package func update(
    _ object: KubernetesObject, as type: ResourceType
  ) async throws(KubernetesError) -> KubernetesObject {
    try requireLeadership()
    return try await api.update(object, as: type)
  }

  package func apply(
    _ object: KubernetesObject, as type: ResourceType, fieldManager: String
  ) async throws(KubernetesError) -> KubernetesObject {
    try requireLeadership()
    return try await api.apply(object, as: type, fieldManager: fieldManager)
  }

  package func applyStatus(
    _ object: KubernetesObject, as type: ResourceType, fieldManager: String
  ) async throws(KubernetesError) -> KubernetesObject {
    try requireLeadership()
    return try await api.applyStatus(object, as: type, fieldManager: fieldManager)
  }

  package func mergePatch(
    _ type: ResourceType, _ key: ObjectKey, _ patch: JSONValue
  ) async throws(KubernetesError) -> KubernetesObject {
    try requireLeadership()
    return try await api.mergePatch(type, key, patch)
  }

  package func delete(
    _ type: ResourceType, _ key: ObjectKey, onlyIf preconditions: DeletePreconditions?, propagation: DeletePropagation
  ) async throws(KubernetesError) {
    try requireLeadership()
    try await api.delete(type, key, onlyIf: preconditions, propagation: propagation)
  }
}
