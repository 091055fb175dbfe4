import Logging
import NIOHTTP1

extension RESTClient {
  /// Asks what the API server can do, as far as it concerns `types`. Throws only when nothing can be learned.
  package func discover(_ types: [ResourceType]) async throws(KubernetesError) -> APIDiscovery {
    var discovery = APIDiscovery()
    try discovery.readGroups(try await get("/apis"))
    do {
      discovery.readVersion(try await get("/version"))
    } catch {
      // Some proxies keep it to themselves; whoever needs the version is told that it is unknown.
      logger.warning("the API server does not tell its version", metadata: ["error": "\(error)"])
    }
    for groupVersion in Set(types.map(\.apiVersion)).sorted() where discovery.groupVersions.contains(groupVersion) {
      do {
        discovery.readResources(of: groupVersion, .success(try await get("/apis/\(groupVersion)")))
      } catch {
        logger.warning(
          "a group of the API cannot be read", metadata: ["group": "\(groupVersion)", "error": "\(error)"])
        discovery.readResources(of: groupVersion, .failure(error))
      }
    }
    return discovery
  }

  private func get(_ path: String) async throws(KubernetesError) -> JSONValue {
    try await send(APIRequest(method: .GET, path: path))
  }
}
