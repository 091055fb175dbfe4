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

  /// Deletes an object. Gone already is no error; one of which the preconditions do not hold is a conflict.
  func delete(
    _ type: ResourceType, _ key: ObjectKey, onlyIf preconditions: DeletePreconditions?, propagation: DeletePropagation)
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

/// What must hold of an object for it to be deleted.
package struct DeletePreconditions: Sendable, Hashable {
  /// It is that very object, and not another of its name.
  package var uid: String
  /// Nothing about it has changed since it was seen in this version; nil: that is no matter.
  package var resourceVersion: String?

  package init(uid: String, resourceVersion: String?) {
    self.uid = uid
    self.resourceVersion = resourceVersion
  }

  package static func uid(_ uid: String) -> DeletePreconditions { DeletePreconditions(uid: uid, resourceVersion: nil) }
}

package enum DeletePropagation: String, Sendable {
  case background = "Background"
  case foreground = "Foreground"
  case orphan = "Orphan"
}
