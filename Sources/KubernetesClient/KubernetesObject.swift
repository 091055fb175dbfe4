/// One object of the API server: its whole content, with the metadata that every object has at hand.
package struct KubernetesObject: Sendable, Hashable {
  package var content: JSONValue

  package init(_ content: JSONValue) { self.content = content }

  /// An object as the API server sent it, but for `managedFields`: they are the larger half of most objects, and nobody here
  /// reads them.
  init(received content: JSONValue) {
    self.content = content
    self.content["metadata"]?["managedFields"] = nil
  }

  package var apiVersion: String { content["apiVersion"]?.string ?? "" }
  package var kind: String { content["kind"]?.string ?? "" }
  package var metadata: JSONValue { content["metadata"] ?? .object([:]) }
  package var name: String { metadata["name"]?.string ?? "" }
  /// Empty for objects of the cluster.
  package var namespace: String { metadata["namespace"]?.string ?? "" }
  package var uid: String { metadata["uid"]?.string ?? "" }
  package var resourceVersion: String { metadata["resourceVersion"]?.string ?? "" }
  package var generation: Int64 { metadata["generation"]?.integer ?? 0 }
  package var isBeingDeleted: Bool { metadata["deletionTimestamp"]?.string != nil }
  package var labels: [String: String] { Self.strings(metadata["labels"]) }
  package var annotations: [String: String] { Self.strings(metadata["annotations"]) }
  package var finalizers: [String] { metadata["finalizers"]?.array?.compactMap(\.string) ?? [] }
  package var spec: JSONValue { content["spec"] ?? .object([:]) }
  package var status: JSONValue { content["status"] ?? .object([:]) }
  package var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

  /// The uid of the owner that controls this object, if any.
  package var controllerUID: String? {
    metadata["ownerReferences"]?.array?.first { $0["controller"]?.bool == true }?["uid"]?.string
  }

  private static func strings(_ value: JSONValue?) -> [String: String] {
    (value?.object ?? [:]).compactMapValues(\.string)
  }
}

/// What tells an object from the others of its type.
package struct ObjectKey: Sendable, Hashable, CustomStringConvertible {
  package var namespace: String
  package var name: String

  package init(namespace: String, name: String) {
    self.namespace = namespace
    self.name = name
  }

  package var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
}
