/// Where an informer gets its objects: the API server, or a test's memory.
package protocol ListWatch: Sendable {
  associatedtype Events: AsyncSequence where Events.Element == WatchEvent, Events.Failure == KubernetesError

  /// All objects as of one resource version.
  func list() async throws(KubernetesError) -> ObjectList

  /// The changes after `resourceVersion`. Throws when the server refuses; ends when the server ends the watch.
  func watch(from resourceVersion: String) async throws(KubernetesError) -> Events
}

/// A part of one collection of the API server.
package struct ResourceListWatch: ListWatch {
  let client: RESTClient
  let type: ResourceType
  let namespace: String?
  let labelSelector: String?

  package func list() async throws(KubernetesError) -> ObjectList {
    try await client.list(type, namespace: namespace, labelSelector: labelSelector)
  }

  package func watch(from resourceVersion: String) async throws(KubernetesError) -> WatchEvents {
    try await client.watch(
      type, namespace: namespace, labelSelector: labelSelector, resourceVersion: resourceVersion)
  }
}

extension RESTClient {
  /// Objects of a type in a namespace (all namespaces when nil) as a source for an `Informer`.
  package func listWatch(
    _ type: ResourceType, namespace: String?, labelSelector: String? = nil
  ) -> ResourceListWatch {
    ResourceListWatch(client: self, type: type, namespace: namespace, labelSelector: labelSelector)
  }
}
