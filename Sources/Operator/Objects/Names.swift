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
    /// Secrets with keys and certificates.
    case certificates
    /// Secrets of `spec.users`.
    case user
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
  /// On the ConfigMap: the `SettingsVersion` of its logd.yaml.
  static let settingsVersionAnnotation = "proglog.io/settings-version"
  /// On events: the pass that they are from, as in the operator's log.
  static let reconcileAnnotation = "proglog.io/reconcile"
  /// On the StatefulSet: the mode of TLS that its servers run with, which only stopped servers can change.
  static let tlsModeAnnotation = "proglog.io/tls-mode"

  // MARK: Annotations that a person sets on a ProgLog

  /// `"true"`: the operator does nothing but report.
  static let pausedAnnotation = "proglog.io/paused"
  /// Any text that is not `status.certificates.lastRoll`: the authority gets a new key.
  static let rollAuthorityAnnotation = "proglog.io/roll-authority"
  /// The token of `status.recovery`: one survivor goes on without the quorum that is lost.
  static let recoverAnnotation = "proglog.io/recover"
  /// Any text: every pod that was made under another one is restarted in turn.
  static let restartAnnotation = "proglog.io/restart"

  // MARK: Objects

  /// `controller-revision-hash` is the StatefulSet's name, `-` and up to ten characters, in a label of at most 63.
  static let longestName = 52

  static func statefulSet(_ instance: String) -> String { instance }
  static func clientService(_ instance: String) -> String { instance }
  static func headlessService(_ instance: String) -> String { "\(instance)-headless" }
  static func configMap(_ instance: String) -> String { "\(instance)-config" }
  /// The keys of the authority, which no pod ever sees.
  static func authoritySecret(_ instance: String) -> String { "\(instance)-ca" }
  /// Certificates and keys of the servers, mounted by all of them.
  static func serverSecret(_ instance: String) -> String { "\(instance)-tls" }
  static func userSecret(_ instance: String, _ user: String) -> String { "\(instance)-user-\(user)" }
  static func serviceAccount(_ instance: String) -> String { "\(instance)-server" }
  static func disruptionBudget(_ instance: String) -> String { instance }
  static func networkPolicy(_ instance: String) -> String { instance }
  static func podMonitor(_ instance: String) -> String { instance }
  static func pod(_ instance: String, _ ordinal: Int) -> String { "\(instance)-\(ordinal)" }
  static func podService(_ instance: String, _ ordinal: Int) -> String { pod(instance, ordinal) }
  static let dataVolume = "data"
  static func claim(_ instance: String, _ ordinal: Int) -> String { "\(dataVolume)-\(pod(instance, ordinal))" }

  /// The ordinal of a pod of this name; nil for any other name. `log-07` is none.
  static func ordinal(_ pod: String, of instance: String) -> Int? {
    guard pod.hasPrefix("\(instance)-"), let ordinal = Int(pod.dropFirst(instance.utf8.count + 1)), ordinal >= 0,
      pod == self.pod(instance, ordinal)
    else { return nil }
    return ordinal
  }

  /// What a member of the cluster is told to others as: a name that outlives the pod (consul-k8s#561).
  static func memberHost(_ instance: String, _ ordinal: Int, in namespace: String) -> String {
    "\(pod(instance, ordinal)).\(headlessService(instance)).\(namespace).svc"
  }

  // MARK: Keys of the Secrets

  /// Trusted authorities; in every Secret.
  static let trustKey = "ca.crt"
  /// The signing key of the authority Secret, and the one that signs after the next stage of a roll.
  static let authorityKey = "ca.key"
  static let authorityCertificate = "ca-signing.crt"
  static let nextAuthorityKey = "ca-next.key"
  static let nextAuthorityCertificate = "ca-next.crt"
  /// In the server Secret, by pod: what it shows to other nodes, and to clients.
  static func nodeCertificate(_ pod: String) -> String { "\(pod).node.crt" }
  static func nodeKey(_ pod: String) -> String { "\(pod).node.key" }
  static func serverCertificate(_ pod: String) -> String { "\(pod).server.crt" }
  static func serverKey(_ pod: String) -> String { "\(pod).server.key" }
  static let gossipKeyring = "gossip.keyring"
  /// As Kubernetes names them in Secrets of type kubernetes.io/tls.
  static let certificateKey = "tls.crt"
  static let privateKeyKey = "tls.key"

  // MARK: Inside the pod

  static let container = "logd"
  static let configurationFile = "logd.yaml"
  static let configurationDirectory = "/etc/proglog"
  /// In the ConfigMap: where clients reach each server, and the ACL. Read again by logd when they change.
  static let addressesFile = "addresses.yaml"
  static let aclModelFile = "acl-model.conf"
  static let aclPolicyFile = "acl-policy.csv"
  static let certificateDirectory = "/etc/proglog-tls"
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
