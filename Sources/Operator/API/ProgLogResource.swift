import KubernetesClient

extension ResourceType {
  static let progLog = ResourceType(group: "proglog.io", version: "v1alpha1", kind: "ProgLog", plural: "proglogs")

  /// What the operator makes or, for pods and claims, has made by the StatefulSet controller.
  static func children(_ capabilities: Capabilities) -> [ResourceType] {
    let everywhere: [ResourceType] = [
      .statefulSet, .service, .configMap, .secret, .serviceAccount, .networkPolicy, .pod, .persistentVolumeClaim,
    ]
    return everywhere + [capabilities.disruptionBudget].compactMap(\.self)
  }

  /// Children that the spec may cease to ask for. Secrets are not among them: who holds keys is CertificateState's.
  static let optionalChildren: [ResourceType] = [.service, .networkPolicy, .podMonitor]
}

/// Who a ProgLog is: what its children's names and owner references are made of.
struct Identity: Sendable, Hashable {
  var name: String
  var namespace: String
  var uid: String

  init(_ resource: KubernetesObject) {
    name = resource.name
    namespace = resource.namespace
    uid = resource.uid
  }

  func key(_ name: String) -> ObjectKey { ObjectKey(namespace: namespace, name: name) }

  /// `isController` also makes foreground deletion of the ProgLog wait for the child.
  func ownerReference(isController: Bool) -> JSONValue {
    var reference: [String: JSONValue] = [
      "apiVersion": .string(ResourceType.progLog.apiVersion),
      "kind": .string(ResourceType.progLog.kind),
      "name": .string(name),
      "uid": .string(uid),
    ]
    if isController {
      reference["controller"] = true
      reference["blockOwnerDeletion"] = true
    }
    return .object(reference)
  }
}
