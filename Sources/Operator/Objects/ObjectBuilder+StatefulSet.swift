import KubernetesClient

extension ObjectBuilder {
  /// The servers. `Parallel` and `OnDelete`, since the operator steps pods itself: an ordered update waits forever for a
  /// broken pod (kubernetes#67250) and knows no leader.
  /// - Parameters:
  ///   - existing: the StatefulSet that is there, whose claim templates must be kept as they are.
  ///   - replicas: how many pods there are to be now.
  func statefulSet(existing: KubernetesObject?, replicas: Int) -> DesiredObject {
    let spec: [String: JSONValue] = [
      "replicas": .integer(Int64(replicas)),
      "serviceName": .string(Names.headlessService(name)),
      "podManagementPolicy": "Parallel",
      "updateStrategy": ["type": "OnDelete"],
      "selector": ["matchLabels": .object(Names.selector(name))],
      "template": podTemplate(),
    ]
    var whole = spec
    whole["volumeClaimTemplates"] = existing?.spec["volumeClaimTemplates"] ?? [claimTemplate()]
    // The templates as stored carry the server's defaults; fingerprinting them would tell a change where none is.
    return object(
      .statefulSet, Names.statefulSet(name), .server, body: ["spec": .object(whole)],
      fingerprinted: ["spec": .object(spec)])
  }

  private func podTemplate() -> JSONValue {
    var labels = spec.pods.labels.mapValues { JSONValue.string($0) }
    labels.merge(Names.labels(name, .server)) { $1 }
    var annotations = spec.pods.annotations.mapValues { JSONValue.string($0) }
    annotations[Names.configurationAnnotation] = .string(Fingerprint(configurationText()).text)
    return [
      "metadata": ["labels": .object(labels), "annotations": .object(annotations)],
      "spec": [
        // logd never asks the API server for anything.
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "securityContext": [
          "runAsNonRoot": true, "runAsUser": Names.userID, "runAsGroup": Names.userID, "fsGroup": Names.userID,
          "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": ["type": "RuntimeDefault"],
        ],
        "terminationGracePeriodSeconds": .integer(Self.terminationGracePeriod),
        "containers": [container()],
        "volumes": [
          ["name": "configuration", "configMap": ["name": .string(Names.configMap(name))]]
        ],
      ],
    ]
  }

  /// Seconds from SIGTERM to SIGKILL: time to answer the calls at hand and close the log.
  private static let terminationGracePeriod: Int64 = 60

  private func container() -> JSONValue {
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
      "volumeMounts": [
        ["name": .string(Names.dataVolume), "mountPath": .string(Names.volumeDirectory)],
        ["name": "configuration", "mountPath": .string(Names.configurationDirectory), "readOnly": true],
      ],
    ]
    container["imagePullPolicy"] = spec.imagePullPolicy.map { .string($0.rawValue) }
    container["resources"] = resources()
    return container
  }

  /// The address is a DNS name: a pod's IP does not outlive it (consul-k8s#561).
  private func environment() -> JSONValue {
    let address = "$(LOGD_NODE_NAME).\(Names.headlessService(name)).\(identity.namespace).svc:\(Port.rpc.number)"
    return [
      ["name": "LOGD_NODE_NAME", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]],
      ["name": "LOGD_ADVERTISE_RPC_ADDR", "value": .string(address)],
    ]
  }

  private func containerPort(_ name: String, _ port: Port, protocol: String = "TCP") -> JSONValue {
    ["name": .string(name), "containerPort": .integer(port.number), "protocol": .string(`protocol`)]
  }

  /// - Parameter period: seconds between two probes; also how long one may take, at most five.
  private func probe(_ path: String, period: Int64, failures: Int64) -> JSONValue {
    [
      "httpGet": ["path": .string(path), "port": .string("ops")],
      "periodSeconds": .integer(period), "timeoutSeconds": .integer(min(period, 5)),
      "failureThreshold": .integer(failures),
    ]
  }

  private func resources() -> JSONValue? {
    let lists = ["requests": spec.pods.resources.requests, "limits": spec.pods.resources.limits].filter { !$0.value.isEmpty }
    guard !lists.isEmpty else { return nil }
    return .object(lists.mapValues { .object($0.mapValues { .string($0) }) })
  }
}
