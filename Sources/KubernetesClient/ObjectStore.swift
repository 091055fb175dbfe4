import Synchronization

/// The objects of one informer, by key and by the values of its indexes. Reads see whole lists, never half a relist.
package final class ObjectStore: Sendable {
  private struct Contents {
    var objects: [ObjectKey: KubernetesObject] = [:]
    /// Keys by index name and value.
    var indexes: [String: [String: Set<ObjectKey>]] = [:]
  }

  private let indexers: [ObjectIndexer]
  private let contents = Mutex(Contents())

  package init(indexers: [ObjectIndexer] = []) { self.indexers = indexers }

  package subscript(key: ObjectKey) -> KubernetesObject? { contents.withLock { $0.objects[key] } }
  package var count: Int { contents.withLock { $0.objects.count } }
  package var keys: [ObjectKey] { snapshot.keys.map { $0 } }
  /// Every object at one moment.
  package var snapshot: [ObjectKey: KubernetesObject] { contents.withLock { $0.objects } }

  /// The objects that index `name` files under `value`, in the order of their keys.
  package func objects(in name: String, equalTo value: String) -> [KubernetesObject] {
    precondition(indexers.contains { $0.name == name }, "there is no index \(name)")
    let found = contents.withLock { contents in
      (contents.indexes[name]?[value] ?? []).compactMap { contents.objects[$0] }
    }
    return found.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
  }

  /// Puts a whole list in the place of what was there, and says what that changed: also what was deleted unseen.
  package func replace(with objects: [KubernetesObject]) -> [ObjectChange] {
    var next = Contents()
    for object in objects { insert(object, into: &next) }
    let previous = contents.withLock { contents in
      let previous = contents.objects
      contents = next
      return previous
    }
    let gone = previous.keys.filter { next.objects[$0] == nil }
    return (gone + next.objects.keys).flatMap { changes(at: $0, from: previous[$0], to: next.objects[$0]) }
  }

  package func store(_ object: KubernetesObject) -> [ObjectChange] {
    let previous = contents.withLock { contents in
      let previous = remove(object.key, from: &contents)
      insert(object, into: &contents)
      return previous
    }
    return changes(at: object.key, from: previous, to: object)
  }

  package func remove(_ key: ObjectKey) -> [ObjectChange] {
    let previous = contents.withLock { remove(key, from: &$0) }
    return changes(at: key, from: previous, to: nil)
  }

  private func insert(_ object: KubernetesObject, into contents: inout Contents) {
    contents.objects[object.key] = object
    for indexer in indexers {
      for value in indexer.values(object) {
        contents.indexes[indexer.name, default: [:]][value, default: []].insert(object.key)
      }
    }
  }

  private func remove(_ key: ObjectKey, from contents: inout Contents) -> KubernetesObject? {
    guard let object = contents.objects.removeValue(forKey: key) else { return nil }
    for indexer in indexers {
      for value in indexer.values(object) {
        contents.indexes[indexer.name]?[value]?.remove(key)
        if contents.indexes[indexer.name]?[value]?.isEmpty == true { contents.indexes[indexer.name]?[value] = nil }
      }
    }
    return object
  }

  private func changes(at key: ObjectKey, from old: KubernetesObject?, to new: KubernetesObject?) -> [ObjectChange] {
    switch (old, new) {
    case (nil, nil): []
    case (let old?, let new?) where old.uid != new.uid:
      // Deleted and created again while we were not looking: two events, as a watch would have told them.
      [ObjectChange(key: key, old: old, new: nil), ObjectChange(key: key, old: nil, new: new)]
    case (let old?, let new?) where old.resourceVersion == new.resourceVersion: []
    default: [ObjectChange(key: key, old: old, new: new)]
    }
  }
}

/// What happened to one object: created (`old` is nil), changed, or deleted (`new` is nil).
package struct ObjectChange: Sendable, Hashable {
  package var key: ObjectKey
  package var old: KubernetesObject?
  package var new: KubernetesObject?

  package init(key: ObjectKey, old: KubernetesObject?, new: KubernetesObject?) {
    self.key = key
    self.old = old
    self.new = new
  }
}
