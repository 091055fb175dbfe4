import KubernetesClient

extension ObjectBuilder {
  /// A pod is restarted when this changes. So it holds what a pod's spec says and a fingerprint of what logd reads when it
  /// starts, and nothing of what logd reads again: addresses, rules, certificates.
  func podTemplate() -> JSONValue {
    var labels = spec.pods.labels.mapValues { JSONValue.string($0) }
    labels.merge(Names.labels(name, .server)) { $1 }
    var annotations = spec.pods.annotations.mapValues { JSONValue.string($0) }
    annotations[Names.configurationAnnotation] = .string(configurationFingerprint)
    annotations[Names.restartAnnotation] = restartToken.map { .string($0) }
    var pod: JSONValue = [
      "serviceAccountName": .string(Names.serviceAccount(name)),
      // logd never asks the API server for anything.
      "automountServiceAccountToken": false,
      "enableServiceLinks": false,
      "securityContext": podSecurityContext,
      "terminationGracePeriodSeconds": .integer(spec.pods.terminationGracePeriodSeconds),
      "containers": [container()],
      "volumes": volumes,
    ]
    if !spec.imagePullSecrets.isEmpty {
      pod["imagePullSecrets"] = .array(spec.imagePullSecrets.map { ["name": .string($0)] })
    }
    schedule(&pod)
    return ["metadata": ["labels": .object(labels), "annotations": .object(annotations)], "spec": pod]
  }

  /// The restricted Pod Security standard, with the spec's fields laid over it; one that is `null` there is left out, for
  /// clusters that choose users and groups themselves.
  private var podSecurityContext: JSONValue {
    var context: JSONValue = [
      "runAsNonRoot": true, "runAsUser": Names.userID, "runAsGroup": Names.userID, "fsGroup": Names.userID,
      "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": ["type": "RuntimeDefault"],
    ]
    for (field, value) in spec.pods.securityContext?.object ?? [:] { context[field] = value }
    return context.withoutNulls
  }

  private var volumes: JSONValue {
    var volumes: [JSONValue] = [
      ["name": .string(Self.configurationVolume), "configMap": ["name": .string(Names.configMap(name))]]
    ]
    if tlsMode != .disabled {
      volumes.append([
        "name": .string(Self.certificateVolume),
        "secret": ["secretName": .string(Names.serverSecret(name)), "defaultMode": .integer(Self.secretMode)],
      ])
    }
    return .array(volumes)
  }

  static let configurationVolume = "configuration"
  static let certificateVolume = "certificates"
  /// `fsGroup` makes the files' group logd's; others see nothing. Written in decimal, as JSON has no octal.
  private static let secretMode: Int64 = 0o440

  // MARK: Where pods run

  private func schedule(_ pod: inout JSONValue) {
    let settings = spec.pods
    if !settings.nodeSelector.isEmpty { pod["nodeSelector"] = .object(settings.nodeSelector.mapValues { .string($0) }) }
    pod["affinity"] = settings.affinity?.withoutNulls
    pod["tolerations"] = settings.tolerations.map(Self.normalized)
    pod["priorityClassName"] = settings.priorityClassName.map { .string($0) }
    let constraints = settings.topologySpreadConstraints?.withoutNulls ?? defaultTopologySpreadConstraints
    // An empty list in the spec: no spreading is wanted. The API server would not store it.
    if constraints != [] { pod["topologySpreadConstraints"] = constraints }
  }

  /// Over zones first, then over nodes, as far as it can be had: on one node everything still runs.
  private var defaultTopologySpreadConstraints: JSONValue {
    .array(
      ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map { key in
        [
          "maxSkew": 1, "topologyKey": .string(key), "whenUnsatisfiable": "ScheduleAnyway",
          "labelSelector": ["matchLabels": .object(Names.selector(name))],
        ]
      })
  }

  /// The API server stores no empty texts of tolerations: the list must compare equal to what was stored.
  private static func normalized(_ tolerations: JSONValue) -> JSONValue {
    guard case .array(let elements) = tolerations.withoutNulls else { return tolerations }
    return .array(elements.map { .object(($0.object ?? [:]).filter { $0.value != "" }) })
  }
}
