import KubernetesClient
import Synchronization

/// What we have done that the caches do not show yet. Without it a cache that lags would make us do it again.
///
/// Resource versions are compared as numbers, which Kubernetes promises from 1.35 on and has always kept within one type;
/// where one is no number, the cache is believed.
final class Expectations: Sendable {
  private struct Subject: Hashable {
    var type: ResourceType
    var key: ObjectKey
  }

  private struct State {
    /// Objects as the API server returned them from our writes.
    var written: [Subject: Entry<KubernetesObject>] = [:]
    /// Uids of objects that we have deleted.
    var deleted: [Subject: Entry<String>] = [:]
  }

  private struct Entry<Value: Sendable>: Sendable {
    var value: Value
    var expiry: ContinuousClock.Instant
  }

  /// An object that is made and deleted between two lists is never seen; after this long we stop waiting for it. Longer
  /// than a watch lasts (290 s) and a relist takes.
  static let lifetime = Duration.seconds(400)

  private let state = Mutex(State())

  func wrote(_ object: KubernetesObject, as type: ResourceType) {
    let entry = Entry(value: object, expiry: .now + Self.lifetime)
    state.withLock { $0.written[Subject(type: type, key: object.key)] = entry }
  }

  func deleted(_ type: ResourceType, _ key: ObjectKey, uid: String) {
    let entry = Entry(value: uid, expiry: .now + Self.lifetime)
    let subject = Subject(type: type, key: key)
    state.withLock { state in
      state.deleted[subject] = entry
      // A cache that has not seen it yet may never do: what it then shows, nothing, is right.
      if state.written[subject]?.value.uid == uid { state.written[subject] = nil }
    }
  }

  /// Forgets what the cache now shows.
  func saw(_ change: ObjectChange, of type: ResourceType) {
    let subject = Subject(type: type, key: change.key)
    state.withLock { state in
      if let written = state.written[subject]?.value {
        let isGone = change.new == nil && change.old?.uid == written.uid
        if isGone || change.new.map({ $0.isAtLeastAsNew(as: written) }) ?? false { state.written[subject] = nil }
      }
      if let uid = state.deleted[subject]?.value, change.new?.uid != uid || change.new?.isBeingDeleted == true {
        state.deleted[subject] = nil
      }
    }
  }

  /// The object as it must be by now, given what the cache shows.
  func corrected(_ cached: KubernetesObject?, _ type: ResourceType, _ key: ObjectKey) -> KubernetesObject? {
    let subject = Subject(type: type, key: key)
    let (written, deleted) = state.withLock { state in
      if let expiry = state.written[subject]?.expiry, expiry < .now { state.written[subject] = nil }
      if let expiry = state.deleted[subject]?.expiry, expiry < .now { state.deleted[subject] = nil }
      return (state.written[subject]?.value, state.deleted[subject]?.value)
    }
    var object = cached
    if let written, cached.map({ !$0.isAtLeastAsNew(as: written) }) ?? true { object = written }
    if object?.uid == deleted, object?.isBeingDeleted == false {
      object?.content["metadata"]?["deletionTimestamp"] = "just now"
    }
    return object
  }

  /// What we wrote and the cache does not show, of one type.
  func written(_ type: ResourceType) -> [KubernetesObject] {
    state.withLock { $0.written.filter { $0.key.type == type }.map(\.value.value) }
  }
}

extension KubernetesObject {
  fileprivate func isAtLeastAsNew(as other: KubernetesObject) -> Bool {
    guard let mine = UInt64(resourceVersion), let others = UInt64(other.resourceVersion) else { return true }
    return mine >= others
  }
}
