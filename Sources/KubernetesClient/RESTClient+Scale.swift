import NIOHTTP1

/// The `scale` subresource: how many replicas an object of any type asks for and has.
package struct Scale: Sendable, Hashable {
  package var desired: Int64
  package var current: Int64
  /// Of the object's pods, as list requests write it.
  package var selector: String
  package var resourceVersion: String

  init(_ json: JSONValue) {
    desired = json[path: "spec", "replicas"]?.integer ?? 0
    current = json[path: "status", "replicas"]?.integer ?? 0
    selector = json[path: "status", "selector"]?.string ?? ""
    resourceVersion = json[path: "metadata", "resourceVersion"]?.string ?? ""
  }
}

extension RESTClient {
  /// Nil when there is no such object, or its type has no `scale`.
  package func scale(_ type: ResourceType, _ key: ObjectKey) async throws(KubernetesError) -> Scale? {
    do {
      return Scale(try await send(APIRequest(method: .GET, path: type.path(to: key, subresource: "scale"))))
    } catch  where error.isNotFound {
      return nil
    }
  }

  /// - Parameter resourceVersion: with it, a conflict when somebody has changed the object since.
  @discardableResult
  package func setScale(
    _ type: ResourceType, _ key: ObjectKey, to replicas: Int64, resourceVersion: String? = nil
  ) async throws(KubernetesError) -> Scale {
    var patch: JSONValue = ["spec": ["replicas": .integer(replicas)]]
    if let resourceVersion { patch["metadata"] = ["resourceVersion": .string(resourceVersion)] }
    return Scale(
      try await send(
        APIRequest(
          method: .PATCH, path: type.path(to: key, subresource: "scale"), body: patch,
          contentType: "application/merge-patch+json")))
  }
}
