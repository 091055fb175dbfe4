/// A kind of object that the API server knows, and where its collection stands.
package struct ResourceType: Sendable, Hashable {
  /// Empty for the core group.
  package var group: String
  package var version: String
  package var kind: String
  /// The lower-case plural of the URL.
  package var plural: String
  package var isNamespaced: Bool

  package init(group: String = "", version: String, kind: String, plural: String, isNamespaced: Bool = true) {
    self.group = group
    self.version = version
    self.kind = kind
    self.plural = plural
    self.isNamespaced = isNamespaced
  }

  /// The `apiVersion` of its objects.
  package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
}

extension ResourceType {
  package static let pod = ResourceType(version: "v1", kind: "Pod", plural: "pods")
  package static let service = ResourceType(version: "v1", kind: "Service", plural: "services")
  package static let configMap = ResourceType(version: "v1", kind: "ConfigMap", plural: "configmaps")
  package static let event = ResourceType(version: "v1", kind: "Event", plural: "events")
  package static let persistentVolumeClaim = ResourceType(
    version: "v1", kind: "PersistentVolumeClaim", plural: "persistentvolumeclaims")
  package static let statefulSet = ResourceType(
    group: "apps", version: "v1", kind: "StatefulSet", plural: "statefulsets")
  package static let lease = ResourceType(
    group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases")
}
