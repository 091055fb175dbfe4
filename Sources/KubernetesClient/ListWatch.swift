/// Where an informer gets its objects: the API server, or a test's memory.
package protocol ListWatch: Sendable {
  associatedtype Events: AsyncSequence where Events.Element == WatchEvent, Events.Failure == KubernetesError

  /// All objects as of one resource version.
  func list() async throws(KubernetesError) -> ObjectList

  /// The changes after `resourceVersion`. Throws when the server refuses; ends when the server ends the watch.
  func watch(from resourceVersion: String) async throws(KubernetesError) -> Events

  /// All objects as events, then `listed`, then the changes: list and watch in one. Nil: this source does not stream.
  /// Throws `isUnsupported` when the server cannot.
  func streamedList() async throws(KubernetesError) -> Events?
}

extension ListWatch {
  package func streamedList() async throws(KubernetesError) -> Events? { nil }
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

  package func streamedList() async throws(KubernetesError) -> WatchEvents? {
    guard client.options.streamsLists else { return nil }
    return try await client.streamedList(type, namespace: namespace, labelSelector: labelSelector)
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
