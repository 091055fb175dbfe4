/// What an API server can do, put together from its answers to `/version`, `/apis` and `/apis/GROUP/VERSION`.
///
/// A group may be listed though it cannot be asked: the server behind an aggregated API is down, say. What is then
/// unknown stays unknown, and says nothing about the rest.
package struct APIDiscovery: Sendable, Hashable {
  package struct ServerVersion: Sendable, Hashable, Comparable {
    package var major: Int
    package var minor: Int

    package init(major: Int, minor: Int) {
      self.major = major
      self.minor = minor
    }

    package static func < (left: Self, right: Self) -> Bool { (left.major, left.minor) < (right.major, right.minor) }
  }

  /// Nil: the server did not say.
  package private(set) var version: ServerVersion?
  /// The versions of each group, such as `policy/v1`.
  package private(set) var groupVersions: Set<String> = []
  /// The plural names in each group's version that was asked; an error where the answer was none.
  private var resources: [String: Result<Set<String>, KubernetesError>] = [:]

  package init() {}

  /// The parts that could not be read, by path.
  package var failures: [String: KubernetesError] {
    resources.reduce(into: [:]) { failures, entry in
      if case .failure(let error) = entry.value { failures["/apis/\(entry.key)"] = error }
    }
  }

  /// Whether the server has a type; nil where that could not be found out.
  package func serves(_ type: ResourceType) -> Bool? {
    guard groupVersions.contains(type.apiVersion) else { return false }
    guard case .success(let plurals)? = resources[type.apiVersion] else { return nil }
    return plurals.contains(type.plural)
  }

  /// The answer to `/version`, whose numbers providers decorate: `"minor": "29+"`.
  package mutating func readVersion(_ answer: JSONValue) {
    func number(_ key: String) -> Int? { (answer[key]?.string).flatMap { Int($0.prefix(while: \.isNumber)) } }
    guard let major = number("major"), let minor = number("minor") else { return }
    version = ServerVersion(major: major, minor: minor)
  }

  /// The answer to `/apis`: an `APIGroupList`.
  package mutating func readGroups(_ answer: JSONValue) throws(KubernetesError) {
    guard let groups = answer["groups"]?.array else { throw .malformed("/apis without a list of groups") }
    for group in groups {
      for version in group["versions"]?.array ?? [] {
        if let name = version["groupVersion"]?.string { groupVersions.insert(name) }
      }
    }
  }

  /// The answer to `/apis/GROUP/VERSION`: an `APIResourceList`.
  package mutating func readResources(of groupVersion: String, _ answer: Result<JSONValue, KubernetesError>) {
    resources[groupVersion] = answer.map { answer in
      Set((answer["resources"]?.array ?? []).compactMap { $0["name"]?.string })
    }
  }
}
