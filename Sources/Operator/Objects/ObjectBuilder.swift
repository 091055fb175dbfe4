import KubernetesClient

/// Makes the objects that a ProgLog asks for; one extension per object. Pure: the same resource gives the same objects.
struct ObjectBuilder {
  let identity: Identity
  let spec: ProgLogSpec
  let defaults: OperatorDefaults
  var capabilities = Capabilities()
  /// What the servers run with, which is not at once what the spec asks for.
  var tlsMode = ProgLogSpec.TLS.Mode.disabled
  /// What the servers understand.
  var settingsVersion = SettingsVersion.current
  /// Pods that are there or are to be: while the cluster shrinks, more than the spec asks for.
  var ordinals = 0..<1
  /// Where clients outside reach each pod, by the pod's name, as far as that is known.
  var addresses: [String: ClientAddress] = [:]
  /// Hosts that load balancers gave the pods' Services, by pod, whatever is advertised in their place.
  var podServiceHosts: [String: [String]] = [:]
  /// Hosts of the client Service's own load balancer, where it has one: every server answers under them.
  var serviceHosts: [String] = []
  /// How many pods may be evicted at once; nil: no budget is wanted.
  var disruptionsAllowed: Int?
  /// `Names.restartAnnotation` of the ProgLog. Pods that were made under another one are restarted.
  var restartToken: String?
  /// What the ConfigMap that `spec.acl.configMap` names holds; nil: it is not there, and then nobody may do anything.
  var accessFiles: AccessFiles?

  var name: String { identity.name }

  /// Everything but the StatefulSet, in the order in which it should be there: what no pod can be made without, what
  /// guards pods, the ways to them. The PodMonitor is last, for its kind is somebody else's: it may be gone by now.
  func supportingObjects() -> [DesiredObject] {
    let guards = [networkPolicy(), disruptionBudget()].compactMap { $0 }
    let ways = [headlessService(), clientService()] + ordinals.map(podService)
    return [serviceAccount(), configMap()] + guards + ways + [podMonitor()].compactMap { $0 }
  }

  /// The frame of every object: who it is, whose it is, and a fingerprint of `body`.
  /// - Parameters:
  ///   - labels: further ones; ours win.
  ///   - fingerprinted: what the fingerprint is taken of, where that is not the whole body. Never of a secret: whoever
  ///     sees the annotation could test guesses against it.
  func object(
    _ type: ResourceType, _ name: String, _ component: Names.Component, labels: [String: String] = [:],
    annotations: [String: String] = [:], body: [String: JSONValue], fingerprinted: [String: JSONValue]? = nil
  ) -> DesiredObject {
    var annotations = annotations.mapValues { JSONValue.string($0) }
    var labels = labels.mapValues { JSONValue.string($0) }
    labels.merge(Names.labels(identity.name, component)) { $1 }
    let fingerprint = Fingerprint([
      "annotations": .object(annotations), "labels": .object(labels), "body": .object(fingerprinted ?? body),
    ])
    annotations[Names.appliedAnnotation] = .string(fingerprint.text)
    var content = body
    content["apiVersion"] = .string(type.apiVersion)
    content["kind"] = .string(type.kind)
    content["metadata"] = [
      "name": .string(name), "namespace": .string(identity.namespace), "labels": .object(labels),
      "annotations": .object(annotations), "ownerReferences": [identity.ownerReference(isController: true)],
    ]
    return DesiredObject(type: type, object: KubernetesObject(.object(content)))
  }
}

/// What a ProgLog gets where its spec is silent; set on the operator's command line.
struct OperatorDefaults: Sendable, Hashable {
  /// The image of logd.
  var image: String
  /// Where the operator's own pods run; nil: unknown.
  var operatorNamespace: String?
}

/// An object as it is to be applied: the fields that are ours, and no others.
struct DesiredObject: Sendable, Hashable {
  var type: ResourceType
  var object: KubernetesObject

  var reference: ObjectReference { ObjectReference(type: type, name: object.name) }
}

/// An object of the ProgLog's namespace.
struct ObjectReference: Sendable, Hashable, CustomStringConvertible {
  var type: ResourceType
  var name: String

  var description: String { "\(type.kind) \(name)" }
}
