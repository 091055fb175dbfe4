import KubernetesClient
import Synchronization

/// What we have done that the caches do not show yet. Without it a cache that lags would make us do it again.
///
/// Resource versions are compared as numbers, which Kubernetes promises from 1.35 on and has always kept within one type;
/// where one is no number, the cache is believed.
final class Expectations: Sendable {
  /// By type, for a pass asks for one type after the other: while a thousand logs are made there are many.
  private struct State {
    /// Objects as the API server returned them from our writes.
    var written: [ResourceType: [ObjectKey: Entry<KubernetesObject>]] = [:]
    /// Uids of objects that we have deleted.
    var deleted: [ResourceType: [ObjectKey: Entry<String>]] = [:]
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
    state.withLock { $0.written[type, default: [:]][object.key] = entry }
  }

  func deleted(_ type: ResourceType, _ key: ObjectKey, uid: String) {
    let entry = Entry(value: uid, expiry: .now + Self.lifetime)
    state.withLock { state in
      state.deleted[type, default: [:]][key] = entry
      // A cache that has not seen it yet may never do: what it then shows, nothing, is right.
      if state.written[type]?[key]?.value.uid == uid { state.written[type]?[key] = nil }
    }
  }

  /// Forgets what the cache now shows.
  func saw(_ change: ObjectChange, of type: ResourceType) {
    let key = change.key
    state.withLock { state in
      if let written = state.written[type]?[key]?.value {
        let isGone = change.new == nil && change.old?.uid == written.uid
        if isGone || change.new.map({ $0.isAtLeastAsNew(as: written) }) ?? false { state.written[type]?[key] = nil }
      }
      if let uid = state.deleted[type]?[key]?.value, change.new?.uid != uid || change.new?.isBeingDeleted == true {
        state.deleted[type]?[key] = nil
      }
    }
  }

  /// The object as it must be by now, given what the cache shows.
  func corrected(_ cached: KubernetesObject?, _ type: ResourceType, _ key: ObjectKey) -> KubernetesObject? {
    let (written, deleted) = state.withLock { state in
      if let expiry = state.written[type]?[key]?.expiry, expiry < .now { state.written[type]?[key] = nil }
      if let expiry = state.deleted[type]?[key]?.expiry, expiry < .now { state.deleted[type]?[key] = nil }
      return (state.written[type]?[key]?.value, state.deleted[type]?[key]?.value)
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
    state.withLock { $0.written[type]?.values.map(\.value) ?? [] }
  }
}

extension KubernetesObject {
  fileprivate func isAtLeastAsNew(as other: KubernetesObject) -> Bool {
    guard let mine = UInt64(resourceVersion), let others = UInt64(other.resourceVersion) else { return true }
    return mine >= others
  }
}
