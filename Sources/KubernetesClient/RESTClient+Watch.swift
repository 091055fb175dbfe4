import AsyncHTTPClient
import NIOHTTP1

extension RESTClient {
  /// Opens a watch on the changes after `resourceVersion`. Returns when the server has accepted it.
  package func watch(
    _ type: ResourceType, namespace: String?, labelSelector: String?, resourceVersion: String
  ) async throws(KubernetesError) -> WatchEvents {
    try await watch(type, namespace: namespace, labelSelector: labelSelector, [("resourceVersion", resourceVersion)])
  }

  /// The collection as a watch that sends what is there first (KEP-3157). A server that is too old, or has it turned
  /// off, refuses `resourceVersionMatch` in a watch with 422.
  package func streamedList(
    _ type: ResourceType, namespace: String?, labelSelector: String?
  ) async throws(KubernetesError) -> WatchEvents {
    try await watch(
      type, namespace: namespace, labelSelector: labelSelector,
      [("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")])
  }

  private func watch(
    _ type: ResourceType, namespace: String?, labelSelector: String?, _ start: [(name: String, value: String)]
  ) async throws(KubernetesError) -> WatchEvents {
    let seconds = options.watchDuration.components.seconds
    // Watches that were opened together end apart.
    let jittered = seconds - Int64.random(in: 0...max(seconds / 10, 0))
    var query = [
      (name: "watch", value: "true"), ("allowWatchBookmarks", "true"), ("timeoutSeconds", "\(max(jittered, 1))"),
    ]
    query += start
    if let labelSelector { query.append(("labelSelector", labelSelector)) }
    let response = try await open(
      APIRequest(method: .GET, path: type.path(namespace: namespace), query: query), with: watches)
    return WatchEvents(body: response.body, maximumEventBytes: options.maximumEventBytes)
  }
}
