/// The requests that a controller makes of the API server; `RESTClient` sends them, tests answer them from memory.
package protocol KubernetesAPI: Sendable {
  /// The object, or nil when there is none of that name.
  func get(_ type: ResourceType, _ key: ObjectKey) async throws(KubernetesError) -> KubernetesObject?

  /// Every object of a type in a namespace (all namespaces when nil), page by page, as of one resource version.
  func list(
    _ type: ResourceType, namespace: String?, labelSelector: String?
  ) async throws(KubernetesError)
    -> ObjectList

  /// Creates an object and returns it as stored.
  func create(_ object: KubernetesObject, as type: ResourceType) async throws(KubernetesError) -> KubernetesObject

  /// Replaces an object that still has the resource version of `object`; another version is a conflict.
  func update(_ object: KubernetesObject, as type: ResourceType) async throws(KubernetesError) -> KubernetesObject

  /// Server-side apply: the fields of `object` become ours, others stay. Creates the object when there is none.
  func apply(
    _ object: KubernetesObject, as type: ResourceType, fieldManager: String
  )
    async throws(KubernetesError) -> KubernetesObject

  /// Server-side apply of the `status` subresource; `object` holds apiVersion, kind, name and `status` alone.
  func applyStatus(
    _ object: KubernetesObject, as type: ResourceType, fieldManager: String
  )
    async throws(KubernetesError) -> KubernetesObject

  /// JSON merge patch (RFC 7386). Put `metadata.resourceVersion` into the patch to fail on a conflict.
  func mergePatch(
    _ type: ResourceType, _ key: ObjectKey, _ patch: JSONValue
  )
    async throws(KubernetesError) -> KubernetesObject

  /// Deletes an object. Gone already is no error. With `uid`, only that very object: another of its name is a conflict.
  func delete(
    _ type: ResourceType, _ key: ObjectKey, uid: String?, propagation: DeletePropagation)
    async throws(KubernetesError)
}

package struct ObjectList: Sendable {
  package var items: [KubernetesObject]
  /// Where a watch goes on from this list.
  package var resourceVersion: String

  package init(items: [KubernetesObject], resourceVersion: String) {
    self.items = items
    self.resourceVersion = resourceVersion
  }
}

package enum DeletePropagation: String, Sendable {
  case background = "Background"
  case foreground = "Foreground"
  case orphan = "Orphan"
}
