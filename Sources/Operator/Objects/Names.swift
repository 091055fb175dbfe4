import KubernetesClient

/// Every label, annotation, port, path and object name that the operator gives. Selectors are frozen API: a StatefulSet's
/// cannot be changed, and a Service whose selector changes before the pods' labels do serves nobody (strimzi#12706).
enum Names {
  static let fieldManager = "proglog-operator"

  // MARK: Labels

  static let nameLabel = "app.kubernetes.io/name"
  static let instanceLabel = "app.kubernetes.io/instance"
  static let componentLabel = "app.kubernetes.io/component"
  static let managedByLabel = "app.kubernetes.io/managed-by"
  static let application = "proglog"
  /// What the informers of child objects select.
  static let childSelector = "\(managedByLabel)=\(fieldManager)"
  /// Set by the StatefulSet controller on each pod.
  static let podNameLabel = "statefulset.kubernetes.io/pod-name"
  static let revisionLabel = "controller-revision-hash"
  /// Labels and annotations under these belong to the operator, whatever the spec says.
  static let reservedPrefixes = ["app.kubernetes.io/", "proglog.io/", "statefulset.kubernetes.io/", revisionLabel]

  enum Component: String {
    case server
    case client
    /// The Services of single pods.
    case access
    case configuration
  }

  static func selector(_ instance: String) -> [String: JSONValue] {
    [nameLabel: .string(application), instanceLabel: .string(instance)]
  }

  static func labels(_ instance: String, _ component: Component) -> [String: JSONValue] {
    var labels = selector(instance)
    labels[componentLabel] = .string(component.rawValue)
    labels[managedByLabel] = .string(fieldManager)
    return labels
  }

  /// The selector in the form that `kubectl get -l` and the scale subresource take.
  static func selectorText(_ instance: String) -> String {
    "\(instanceLabel)=\(instance),\(nameLabel)=\(application)"
  }

  // MARK: Annotations

  /// A fingerprint of what was last applied: tells that we no longer want a field that is still there.
  static let appliedAnnotation = "proglog.io/applied"
  /// A fingerprint of logd.yaml on the pod template, so that a changed configuration restarts the pods.
  static let configurationAnnotation = "proglog.io/configuration"

  // MARK: Objects

  /// `controller-revision-hash` is the StatefulSet's name, `-` and up to ten characters, in a label of at most 63.
  static let longestName = 52

  static func statefulSet(_ instance: String) -> String { instance }
  static func clientService(_ instance: String) -> String { instance }
  static func headlessService(_ instance: String) -> String { "\(instance)-headless" }
  static func configMap(_ instance: String) -> String { "\(instance)-config" }
  static func pod(_ instance: String, _ ordinal: Int) -> String { "\(instance)-\(ordinal)" }
  static func podService(_ instance: String, _ ordinal: Int) -> String { pod(instance, ordinal) }
  static let dataVolume = "data"
  static func claim(_ instance: String, _ ordinal: Int) -> String { "\(dataVolume)-\(pod(instance, ordinal))" }

  // MARK: Inside the pod

  static let container = "logd"
  static let configurationFile = "logd.yaml"
  static let configurationDirectory = "/etc/proglog"
  static let volumeDirectory = "/var/lib/proglog"
  /// Below the volume's root, which on ext4 holds lost+found.
  static let dataDirectory = "/var/lib/proglog/data"
  /// The user and group of the image.
  static let userID: JSONValue = 65_532
}

/// The ports of a server, by the names that Services and probes use.
enum Port: String, CaseIterable {
  case rpc
  case gossip
  case http
  case ops

  var number: Int64 {
    switch self {
    case .rpc: 8400
    case .gossip: 8401
    case .http: 8080
    case .ops: 8402
    }
  }
}
