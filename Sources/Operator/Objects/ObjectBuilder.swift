import KubernetesClient

/// Makes the objects that a ProgLog asks for; one extension per object. Pure: the same resource gives the same objects.
struct ObjectBuilder {
  let identity: Identity
  let spec: ProgLogSpec
  let defaults: OperatorDefaults
  var capabilities = Capabilities()
  /// What the servers run with, which is not at once what the spec asks for.
  var tlsMode = ProgLogSpec.TLS.Mode.disabled
  /// Pods that are there or are to be: while the cluster shrinks, more than the spec asks for.
  var ordinals = 0..<1
  /// Where clients outside reach each pod, by the pod's name, as far as that is known.
  var addresses: [String: ClientAddress] = [:]
  /// How many pods may be evicted at once; nil: no budget is wanted.
  var disruptionsAllowed: Int?

  var name: String { identity.name }

  /// Everything but the StatefulSet, in the order in which it should be there.
  func supportingObjects() -> [DesiredObject] {
    [configMap(), headlessService(), clientService()] + ordinals.map(podService)
  }

  /// The frame of every object: who it is, whose it is, and a fingerprint of `body`.
  /// - Parameter fingerprinted: what the fingerprint is taken of, where that is not the whole body.
  func object(
    _ type: ResourceType, _ name: String, _ component: Names.Component, annotations: [String: String] = [:],
    body: [String: JSONValue], fingerprinted: [String: JSONValue]? = nil
  ) -> DesiredObject {
    var annotations = annotations.mapValues { JSONValue.string($0) }
    let labels = Names.labels(identity.name, component)
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
