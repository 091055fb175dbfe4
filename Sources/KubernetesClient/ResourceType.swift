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
  package static let secret = ResourceType(version: "v1", kind: "Secret", plural: "secrets")
  package static let serviceAccount = ResourceType(version: "v1", kind: "ServiceAccount", plural: "serviceaccounts")
  package static let event = ResourceType(version: "v1", kind: "Event", plural: "events")
  package static let persistentVolumeClaim = ResourceType(
    version: "v1", kind: "PersistentVolumeClaim", plural: "persistentvolumeclaims")
  package static let statefulSet = ResourceType(
    group: "apps", version: "v1", kind: "StatefulSet", plural: "statefulsets")
  package static let disruptionBudget = ResourceType(
    group: "policy", version: "v1", kind: "PodDisruptionBudget", plural: "poddisruptionbudgets")
  package static let networkPolicy = ResourceType(
    group: "networking.k8s.io", version: "v1", kind: "NetworkPolicy", plural: "networkpolicies")
  package static let storageClass = ResourceType(
    group: "storage.k8s.io", version: "v1", kind: "StorageClass", plural: "storageclasses", isNamespaced: false)
  package static let podMonitor = ResourceType(
    group: "monitoring.coreos.com", version: "v1", kind: "PodMonitor", plural: "podmonitors")
  package static let lease = ResourceType(
    group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases")
}
