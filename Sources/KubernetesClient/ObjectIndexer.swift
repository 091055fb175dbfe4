/// Files objects under values of theirs, so that a store finds them without a scan.
package struct ObjectIndexer: Sendable {
  package var name: String
  package var values: @Sendable (KubernetesObject) -> [String]

  package init(name: String, values: @escaping @Sendable (KubernetesObject) -> [String]) {
    self.name = name
    self.values = values
  }

  package static let namespace = ObjectIndexer(name: "namespace") { [$0.namespace] }
  /// The uid of the owner that controls the object.
  package static let controller = ObjectIndexer(name: "controller") { $0.controllerUID.map { [$0] } ?? [] }

  /// The value of one label, under the label's own name.
  package static func label(_ name: String) -> ObjectIndexer {
    ObjectIndexer(name: name) { $0.labels[name].map { [$0] } ?? [] }
  }
}
