import KubernetesClient

/// The cluster as we know it: what the informers have seen, corrected by what we have done since.
struct ClusterView: Sendable {
  /// The stores of each type, one for each watched namespace.
  var stores: [ResourceType: [ObjectStore]]
  var expectations: Expectations

  /// What stores of children must be indexed by.
  static let indexers = [
    ObjectIndexer(name: instanceIndex) { object in
      object.labels[Names.instanceLabel].map { ["\(ObjectKey(namespace: object.namespace, name: $0))"] } ?? []
    }
  ]
  /// By namespace and name: in every namespace there may be a ProgLog named `log`.
  private static let instanceIndex = "instance"

  func object(_ type: ResourceType, _ key: ObjectKey) -> KubernetesObject? {
    let cached = (stores[type] ?? []).lazy.compactMap { $0[key] }.first
    return expectations.corrected(cached, type, key)
  }

  /// The objects that bear the labels of a ProgLog, whoever owns them.
  func children(_ type: ResourceType, of identity: Identity) -> [KubernetesObject] {
    let key = identity.key(identity.name)
    let cached = (stores[type] ?? []).flatMap { $0.objects(in: Self.instanceIndex, equalTo: "\(key)") }
    let keys = Set((cached + expectations.written(type)).filter { isChild($0, of: identity) }.map(\.key))
    return keys.compactMap { object(type, $0) }
  }

  private func isChild(_ object: KubernetesObject, of identity: Identity) -> Bool {
    object.namespace == identity.namespace && object.labels[Names.instanceLabel] == identity.name
  }
}
