import KubernetesClient
import Testing

@testable import Operator

/// A change of one field of the spec, and whether it may restart pods. There is one for every field.
struct SpecChange: Sendable, CustomTestStringConvertible {
  var field: String
  var restarts: Bool
  var apply: @Sendable (inout ProgLogSpec) -> Void

  var testDescription: String { field }

  private init(_ field: String, restarts: Bool, _ apply: @escaping @Sendable (inout ProgLogSpec) -> Void) {
    self.field = field
    self.restarts = restarts
    self.apply = apply
  }

  static let all = whole + log + storage + services + security + pods + surroundings

  private static let whole = [
    SpecChange("replicas", restarts: false) { $0.replicas = 5 },
    SpecChange("isHibernated", restarts: false) { $0.isHibernated = true },
    SpecChange("image", restarts: true) { $0.image = "other" },
    SpecChange("imagePullPolicy", restarts: true) { $0.imagePullPolicy = .always },
    SpecChange("imagePullSecrets", restarts: true) { $0.imagePullSecrets = ["registry"] },
    SpecChange("logLevel", restarts: true) { $0.logLevel = .debug },
  ]

  private static let log = [
    SpecChange("log.maxStoreBytes", restarts: true) { $0.log.maxStoreBytes = 8_388_608 },
    SpecChange("log.maxIndexBytes", restarts: true) { $0.log.maxIndexBytes = 8192 },
    SpecChange("log.maxRecordBytes", restarts: true) { $0.log.maxRecordBytes = 1024 },
    SpecChange("log.maxBatchBytes", restarts: true) { $0.log.maxBatchBytes = 2048 },
    SpecChange("log.retentionBytes", restarts: true) { $0.log.retentionBytes = 1 << 30 },
    SpecChange("log.retentionAge", restarts: true) { $0.log.retentionAge = "168h" },
  ]

  private static let storage = [
    SpecChange("storage.size", restarts: false) { $0.storage.size = "9Gi" },
    SpecChange("storage.storageClassName", restarts: false) { $0.storage.storageClassName = "fast" },
    SpecChange("storage.whenDeleted", restarts: false) { $0.storage.whenDeleted = .delete },
    SpecChange("storage.whenScaled", restarts: false) { $0.storage.whenScaled = .retain },
  ]

  private static let services = [
    SpecChange("access.common.type", restarts: false) { $0.access.common.type = .nodePort },
    SpecChange("access.common.annotations", restarts: false) { $0.access.common.annotations = ["a": "b"] },
    SpecChange("access.common.labels", restarts: false) { $0.access.common.labels = ["a": "b"] },
    SpecChange("access.common.loadBalancerSourceRanges", restarts: false) {
      $0.access.common.loadBalancerSourceRanges = ["10.0.0.0/8"]
    },
    SpecChange("access.common.loadBalancerClass", restarts: false) { $0.access.common.loadBalancerClass = "x/y" },
    SpecChange("access.overrides", restarts: false) {
      $0.access.overrides = ["log-0": .init(annotations: ["c": "d"], rpcNodePort: 30_000, advertisedHost: "h")]
    },
    SpecChange("service.type", restarts: false) { $0.service.type = .loadBalancer },
    SpecChange("service.annotations", restarts: false) { $0.service.annotations = ["a": "b"] },
    SpecChange("service.labels", restarts: false) { $0.service.labels = ["a": "b"] },
    SpecChange("service.loadBalancerSourceRanges", restarts: false) {
      $0.service.loadBalancerSourceRanges = ["10.0.0.0/8"]
    },
    SpecChange("service.loadBalancerClass", restarts: false) { $0.service.loadBalancerClass = "x/y" },
  ]

  private static let security = [
    // What the servers run with follows only once they are stopped: that is the builder's own `tlsMode`.
    SpecChange("tls.mode", restarts: false) { $0.tls.mode = .disabled },
    SpecChange("tls.leafLifetime", restarts: false) { $0.tls.leafLifetime = 3600 },
    SpecChange("tls.trustGracePeriod", restarts: false) { $0.tls.trustGracePeriod = 1 },
    SpecChange("tls.secretPrefix", restarts: false) { $0.tls.secretPrefix = "theirs" },
    SpecChange("tls.adminSecret", restarts: false) { $0.tls.adminSecret = "theirs" },
    SpecChange("tls.extraNames", restarts: false) { $0.tls.extraNames = ["log.example.com"] },
    SpecChange("acl.rules", restarts: false) { $0.acl.rules = [.init(subject: "a", actions: [.admin])] },
    SpecChange("acl.configMap", restarts: false) { $0.acl.configMap = "rules" },
    SpecChange("users", restarts: false) { $0.users = [.init(name: "alice")] },
  ]

  private static let pods = [
    SpecChange("pods.resources.requests", restarts: true) { $0.pods.resources.requests = ["cpu": "0.5"] },
    SpecChange("pods.resources.limits", restarts: true) { $0.pods.resources.limits = ["memory": "1Gi"] },
    SpecChange("pods.annotations", restarts: true) { $0.pods.annotations = ["a": "b"] },
    SpecChange("pods.labels", restarts: true) { $0.pods.labels = ["a": "b"] },
    SpecChange("pods.nodeSelector", restarts: true) { $0.pods.nodeSelector = ["disk": "ssd"] },
    SpecChange("pods.affinity", restarts: true) { $0.pods.affinity = ["nodeAffinity": [:]] },
    SpecChange("pods.tolerations", restarts: true) { $0.pods.tolerations = [["key": "log", "operator": "Exists"]] },
    SpecChange("pods.topologySpreadConstraints", restarts: true) { $0.pods.topologySpreadConstraints = [] },
    SpecChange("pods.priorityClassName", restarts: true) { $0.pods.priorityClassName = "high" },
    SpecChange("pods.securityContext", restarts: true) { $0.pods.securityContext = ["fsGroup": 1] },
    SpecChange("pods.terminationGracePeriodSeconds", restarts: true) { $0.pods.terminationGracePeriodSeconds = 30 },
  ]

  private static let surroundings = [
    SpecChange("networkPolicy.isEnabled", restarts: false) { $0.networkPolicy.isEnabled = false },
    SpecChange("networkPolicy.clients", restarts: false) { $0.networkPolicy.clients = [["podSelector": [:]]] },
    SpecChange("podDisruptionBudget.isEnabled", restarts: false) { $0.podDisruptionBudget.isEnabled = false },
    SpecChange("monitoring.podMonitor", restarts: false) { $0.monitoring.podMonitor = true },
    SpecChange("monitoring.podMonitorLabels", restarts: false) { $0.monitoring.podMonitorLabels = ["a": "b"] },
  ]

  /// The paths of all fields of a spec.
  static func fields(of value: Any = ProgLogSpec(), at path: String = "") -> [String] {
    let mirror = Mirror(reflecting: value)
    let isPart = String(reflecting: type(of: value)).contains("ProgLogSpec") && mirror.displayStyle == .struct
    guard isPart else { return [path] }
    return mirror.children.flatMap { child in
      fields(of: child.value, at: (path.isEmpty ? "" : "\(path).") + (child.label ?? ""))
    }
  }
}
