import NIOHTTP1

extension RESTClient {
  /// How often a list starts again because its pages expired under way, before that is the caller's concern.
  private static let maximumListAttempts = 3

  package func list(
    _ type: ResourceType, namespace: String?, labelSelector: String?
  ) async throws(KubernetesError) -> ObjectList {
    var attempt = 1
    while true {
      do {
        return try await pages(type, namespace: namespace, labelSelector: labelSelector)
      } catch  where error.isExpired && attempt < Self.maximumListAttempts {
        // The continue token outlived the server's history: pages of two versions do not make one list.
        attempt += 1
      }
    }
  }

  private func pages(
    _ type: ResourceType, namespace: String?, labelSelector: String?
  ) async throws(KubernetesError) -> ObjectList {
    var list = ObjectList(items: [], resourceVersion: "")
    var continuation: String?
    repeat {
      var query = [(name: "limit", value: "\(options.pageSize)")]
      if let labelSelector { query.append(("labelSelector", labelSelector)) }
      if let continuation { query.append(("continue", continuation)) }
      let page = try await send(APIRequest(method: .GET, path: type.path(namespace: namespace), query: query))
      guard let version = page["metadata"]?["resourceVersion"]?.string, !version.isEmpty else {
        throw .malformed("a list of \(type.plural) without a resourceVersion")
      }
      list.resourceVersion = version
      // An empty list may be `null`: Go writes nil slices so.
      list.items += (page["items"]?.array ?? []).map(type.object)
      continuation = page["metadata"]?["continue"]?.string
    } while continuation?.isEmpty == false
    return list
  }
}
