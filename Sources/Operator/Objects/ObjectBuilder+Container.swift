import KubernetesClient

extension ObjectBuilder {
  func container() -> JSONValue {
    var container: JSONValue = [
      "name": .string(Names.container),
      "image": .string(spec.image ?? defaults.image),
      "args": [.string("--config-file=\(Names.configurationDirectory)/\(Names.configurationFile)")],
      "env": environment(),
      "ports": [
        containerPort("rpc", .rpc), containerPort("gossip-tcp", .gossip),
        containerPort("gossip-udp", .gossip, protocol: "UDP"), containerPort("http", .http),
        containerPort("ops", .ops),
      ],
      // Opening a large log after a crash may take long; nothing else is probed until it is done: up to ten minutes.
      "startupProbe": probe("/startupz", period: 2, failures: 300),
      // A process that answers nothing for a minute is stuck. Liveness never depends on the other servers.
      "livenessProbe": probe("/livez", period: 10, failures: 6),
      "readinessProbe": probe("/readyz", period: 5, failures: 2),
      "securityContext": [
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": ["drop": ["ALL"]],
      ],
      "volumeMounts": mounts,
    ]
    container["imagePullPolicy"] = spec.imagePullPolicy.map { .string($0.rawValue) }
    container["resources"] = resources()
    return container
  }

  /// Whole directories: the kubelet never updates a file that was mounted by its `subPath`.
  private var mounts: JSONValue {
    var mounts: [JSONValue] = [
      ["name": .string(Names.dataVolume), "mountPath": .string(Names.volumeDirectory)],
      [
        "name": .string(Self.configurationVolume), "mountPath": .string(Names.configurationDirectory),
        "readOnly": true,
      ],
    ]
    if tlsMode != .disabled {
      mounts.append([
        "name": .string(Self.certificateVolume), "mountPath": .string(Names.certificateDirectory), "readOnly": true,
      ])
    }
    return .array(mounts)
  }

  /// What differs between pods, and where their certificates are. A variable can only use those before it.
  private func environment() -> JSONValue {
    let service = "\(Names.headlessService(name)).\(identity.namespace).svc"
    var variables = [
      Self.variable("LOGD_NODE_NAME", from: "metadata.name"),
      // Without logd's prefix, under which it takes every variable for a setting.
      Self.variable("POD_IP", from: "status.podIP"),
      // A DNS name: a pod's IP does not outlive it (consul-k8s#561).
      Self.variable("LOGD_ADVERTISE_RPC_ADDR", "\(Self.nodeName).\(service):\(Port.rpc.number)"),
      // Gossip finds out who is alive where, so that an IP does no harm. An IPv6 address needs the brackets, and logd
      // takes an IPv4 address in them too.
      Self.variable("LOGD_ADVERTISE_GOSSIP_ADDR", "[$(POD_IP)]:\(Port.gossip.number)"),
    ]
    if tlsMode != .disabled { variables += Self.certificateVariables }
    return .array(variables)
  }

  /// The pod's name, which the kubelet puts in.
  private static let nodeName = "$(LOGD_NODE_NAME)"

  /// Every pod sees the certificates of all; it picks its own by its name.
  private static let certificateVariables: [JSONValue] = [
    ("LOGD_PEER_TLS_CERT_FILE", Names.nodeCertificate(nodeName)),
    ("LOGD_PEER_TLS_KEY_FILE", Names.nodeKey(nodeName)),
    ("LOGD_PEER_TLS_CA_FILE", Names.trustKey),
    ("LOGD_SERVER_TLS_CERT_FILE", Names.serverCertificate(nodeName)),
    ("LOGD_SERVER_TLS_KEY_FILE", Names.serverKey(nodeName)),
    ("LOGD_SERVER_TLS_CA_FILE", Names.trustKey),
    ("LOGD_GOSSIP_KEYRING_FILE", Names.gossipKeyring),
  ].map { variable($0, "\(Names.certificateDirectory)/\($1)") }

  private static func variable(_ name: String, _ value: String) -> JSONValue {
    ["name": .string(name), "value": .string(value)]
  }

  private static func variable(_ name: String, from field: String) -> JSONValue {
    ["name": .string(name), "valueFrom": ["fieldRef": ["fieldPath": .string(field)]]]
  }

  private func containerPort(_ name: String, _ port: Port, protocol: String = "TCP") -> JSONValue {
    ["name": .string(name), "containerPort": .integer(port.number), "protocol": .string(`protocol`)]
  }

  /// - Parameter period: seconds between two probes; also how long one may take, at most five.
  private func probe(_ path: String, period: Int64, failures: Int64) -> JSONValue {
    [
      "httpGet": ["path": .string(path), "port": "ops"],
      "periodSeconds": .integer(period), "timeoutSeconds": .integer(min(period, 5)),
      "failureThreshold": .integer(failures),
    ]
  }

  private func resources() -> JSONValue? {
    let resources = spec.pods.resources
    let lists = ["requests": resources.requests, "limits": resources.limits].filter { !$0.value.isEmpty }
    guard !lists.isEmpty else { return nil }
    return .object(lists.mapValues { .object($0.mapValues { .string($0) }) })
  }
}
