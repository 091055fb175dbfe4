import KubernetesClient

/// `spec` of a ProgLog, with its defaults filled in. The same fields, defaults and rules as the CRD's schema.
struct ProgLogSpec: Sendable, Hashable {
  /// How many servers vote on each record: odd, 1 to 9.
  var replicas = 3
  /// No servers run; everything that they need is kept.
  var isHibernated = false
  /// Nil: the operator's own default.
  var image: String?
  var imagePullPolicy: ImagePullPolicy?
  /// Names of Secrets.
  var imagePullSecrets: [String] = []
  var logLevel = LogLevel.info
  var log = LogSettings()
  var storage = Storage()
  var access = Access()
  var service = ServiceSettings(type: .clusterIP)
  var tls = TLS()
  var acl = AccessControlList()
  var users: [User] = []
  var pods = PodSettings()
  var networkPolicy = NetworkPolicySettings()
  var podDisruptionBudget = DisruptionBudgetSettings()
  var monitoring = Monitoring()

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
    var maxRecordBytes: Int64?
    var maxBatchBytes: Int64?
    /// Records are removed from the front of the log when it holds more; nil: never for its size.
    var retentionBytes: Int64?
    /// As logd reads it, such as `168h`; nil: never for its age.
    var retentionAge: String?
  }

  struct Storage: Sendable, Hashable {
    var size = "1Gi"
    var storageClassName: String?
    var whenDeleted = Retention.retain
    var whenScaled = Retention.delete
  }

  /// Fields that every Service of ours may be given.
  struct ServiceSettings: Sendable, Hashable {
    var type: AccessType
    var annotations: [String: String] = [:]
    var labels: [String: String] = [:]
    /// CIDRs; of load balancers.
    var loadBalancerSourceRanges: [String] = []
    var loadBalancerClass: String?
  }

  /// The Services of single pods.
  struct Access: Sendable, Hashable {
    var common = ServiceSettings(type: .loadBalancer)
    /// What is different for single pods, by their names.
    var overrides: [String: Override] = [:]

    struct Override: Sendable, Hashable {
      /// Added to the common ones; those of the same key win.
      var annotations: [String: String] = [:]
      /// The address that the load balancer is to have (`spec.loadBalancerIP`), where its maker heeds that.
      var loadBalancerIP: String?
      /// The ports on every node, for gRPC and for HTTP; nil: Kubernetes chooses.
      var rpcNodePort: Int64?
      var httpNodePort: Int64?
      /// The host that clients are told of in place of the Service's own, such as a DNS name that points at it.
      var advertisedHost: String?
    }
  }

  struct TLS: Sendable, Hashable {
    var mode = Mode.managed
    /// Of certificates that the operator issues, in seconds.
    var leafLifetime: Int64 = 90 * 86_400
    /// For how long both authorities are trusted before the next stage of a roll: by then every client must have read the
    /// bundle. In seconds.
    var trustGracePeriod: Int64 = 600
    /// Of the mode Secrets: `NAME-0`, … hold `tls.crt`, `tls.key` and `ca.crt` of each server; `ADMIN` those of the operator.
    var secretPrefix: String?
    var adminSecret: String?
    /// Further names and IP addresses of every server's certificate.
    var extraNames: [String] = []

    enum Mode: String, CaseIterable {
      /// An own authority, which the operator keeps.
      case managed = "Managed"
      /// Certificates from Secrets that somebody else writes, such as cert-manager.
      case secrets = "Secrets"
      /// Whoever reaches a server may do all, and everybody on the way reads all.
      case disabled = "Disabled"
    }
  }

  /// Who may do what, beside `users`.
  struct AccessControlList: Sendable, Hashable {
    var rules: [Rule] = []
    /// A ConfigMap with `model.conf` and `policy.csv`, in place of rules and of what users are permitted.
    var configMap: String?

    struct Rule: Sendable, Hashable {
      /// The common name of a client's certificate.
      var subject: String
      var object = "*"
      var actions: [Action]
      var isDenied = false
    }
  }

  enum Action: String, CaseIterable {
    case produce
    case consume
    case admin
  }

  /// A client for which a certificate is issued.
  struct User: Sendable, Hashable {
    /// The common name of its certificate; its Secret is named `LOG-user-NAME`.
    var name: String
    var actions: [Action] = [.produce, .consume]
  }

  struct PodSettings: Sendable, Hashable {
    var resources = Resources()
    var annotations: [String: String] = [:]
    var labels: [String: String] = [:]
    var nodeSelector: [String: String] = [:]
    /// As in a pod's spec; passed on as they are.
    var affinity: JSONValue?
    var tolerations: JSONValue?
    /// Nil: over zones and nodes as far as it can be had.
    var topologySpreadConstraints: JSONValue?
    var priorityClassName: String?
    /// Laid over the pod's own.
    var securityContext: JSONValue?
    var terminationGracePeriodSeconds: Int64 = 60
  }

  struct NetworkPolicySettings: Sendable, Hashable {
    var isEnabled = true
    /// NetworkPolicyPeers that reach the clients' ports; nil: everybody.
    var clients: JSONValue?
  }

  struct DisruptionBudgetSettings: Sendable, Hashable {
    var isEnabled = true
  }

  struct Monitoring: Sendable, Hashable {
    /// Makes a PodMonitor, where the cluster knows them.
    var podMonitor = false
    var podMonitorLabels: [String: String] = [:]
  }

  /// Quantities by resource name.
  struct Resources: Sendable, Hashable {
    var requests: [String: String] = [:]
    var limits: [String: String] = [:]
  }
}
