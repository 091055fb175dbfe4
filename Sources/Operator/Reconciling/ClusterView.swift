import KubernetesClient

/// The cluster as we know it: what the informers have seen, corrected by what we have done since.
struct ClusterView: Sendable {
  /// The stores of each type, one for each watched namespace.
  var stores: [ResourceType: [ObjectStore]]
  var expectations: Expectations

  /// What stores of children must be indexed by.
  static let indexers = [
    ObjectIndexer(name: instanceIndex) { object in object.log.map { ["\($0)"] } ?? [] }
  ]
  /// By namespace and name: in every namespace there may be a ProgLog named `log`.
  private static let instanceIndex = "instance"

  func object(_ type: ResourceType, _ key: ObjectKey) -> KubernetesObject? {
    let cached = (stores[type] ?? []).lazy.compactMap { $0[key] }.first
    return expectations.corrected(cached, type, key)
  }

  /// The objects that bear the labels of a ProgLog, whoever owns them.
  func children(_ type: ResourceType, of identity: Identity) -> [KubernetesObject] {
    let log = identity.key(identity.name)
    let cached = (stores[type] ?? []).flatMap { $0.objects(in: Self.instanceIndex, equalTo: "\(log)") }
    let keys = expectations.written(type, for: log).union(cached.map(\.key))
    return keys.compactMap { object(type, $0) }
  }
}

extension KubernetesObject {
  /// The ProgLog that it belongs to, by its labels.
  var log: ObjectKey? {
    labels[Names.instanceLabel].map { ObjectKey(namespace: namespace, name: $0) }
  }
}
