import KubernetesClient

/// `spec` of a ProgLog, with its defaults filled in. The same fields, defaults and rules as the CRD's schema.
struct ProgLogSpec: Sendable, Hashable {
  var replicas = 1
  /// Nil: the operator's own default.
  var image: String?
  var imagePullPolicy: ImagePullPolicy?
  var logLevel = LogLevel.info
  var log = LogSettings()
  var storage = Storage()
  var access = ServiceSettings(type: .loadBalancer)
  var service = ServiceSettings(type: .clusterIP)
  var resources = Resources()
  var podAnnotations: [String: String] = [:]
  var podLabels: [String: String] = [:]

  enum ImagePullPolicy: String, CaseIterable {
    case always = "Always"
    case ifNotPresent = "IfNotPresent"
    case never = "Never"
  }

  enum LogLevel: String, CaseIterable {
    case trace
    case debug
    case info
    case notice
    case warning
    case error
    case critical
  }

  enum AccessType: String, CaseIterable {
    case loadBalancer = "LoadBalancer"
    case nodePort = "NodePort"
    case clusterIP = "ClusterIP"
  }

  enum Retention: String, CaseIterable {
    case retain = "Retain"
    case delete = "Delete"
  }

  /// Sizes in bytes; nil leaves them to logd.
  struct LogSettings: Sendable, Hashable {
    var maxStoreBytes: Int64?
    var maxIndexBytes: Int64?
  }

  struct Storage: Sendable, Hashable {
    var size = "1Gi"
    var storageClassName: String?
    var whenDeleted = Retention.retain
    var whenScaled = Retention.delete
  }

  struct ServiceSettings: Sendable, Hashable {
    var type: AccessType
    var annotations: [String: String] = [:]
  }

  /// Quantities by resource name.
  struct Resources: Sendable, Hashable {
    var requests: [String: String] = [:]
    var limits: [String: String] = [:]
  }
}

/// A spec that cannot be carried out.
struct InvalidSpec: Error, Hashable, CustomStringConvertible {
  /// The path of the field, such as `spec.storage.size`.
  var field: String
  /// What is wrong with it and what is allowed.
  var message: String

  var description: String { "\(field) \(message)" }
}
