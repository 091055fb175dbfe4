import KubernetesClient
import Synchronization

/// What we have done that the caches do not show yet. Without it a cache that lags would make us do it again.
///
/// Resource versions are compared as numbers, which Kubernetes promises from 1.35 on and has always kept within one type;
/// where one is no number, the cache is believed.
final class Expectations: Sendable {
  /// By type, for a pass asks for one type after the other: while a thousand logs are made there are many.
  private struct State {
    var written: [ResourceType: Written] = [:]
    /// Uids of objects that we have deleted.
    var deleted: [ResourceType: [ObjectKey: Entry<String>]] = [:]
  }

  private struct Entry<Value: Sendable>: Sendable {
    var value: Value
    var expiry: ContinuousClock.Instant
  }

  /// Objects as the API server returned them from our writes, and the keys of each log's: a pass that went through those of a
  /// thousand logs kept all else from running.
  private struct Written {
    private var entries: [ObjectKey: Entry<KubernetesObject>] = [:]
    private var keys: [ObjectKey: Set<ObjectKey>] = [:]

    subscript(key: ObjectKey) -> Entry<KubernetesObject>? {
      get { entries[key] }
      set {
        if let log = entries[key]?.value.log {
          keys[log]?.remove(key)
          if keys[log]?.isEmpty == true { keys[log] = nil }
        }
        entries[key] = newValue
        if let log = newValue?.value.log { keys[log, default: []].insert(key) }
      }
    }

    func keys(of log: ObjectKey) -> Set<ObjectKey> { keys[log] ?? [] }
  }

  /// An object that is made and deleted between two lists is never seen; after this long we stop waiting for it. Longer
  /// than a watch lasts (290 s) and a relist takes.
  static let lifetime = Duration.seconds(400)

  private let state = Mutex(State())

  func wrote(_ object: KubernetesObject, as type: ResourceType) {
    let entry = Entry(value: object, expiry: .now + Self.lifetime)
    state.withLock { $0.written[type, default: Written()][object.key] = entry }
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
      // The cache may have been told before we were.
      if let written = state.written[type]?[key]?.value, cached?.isAtLeastAsNew(as: written) == true {
        state.written[type]?[key] = nil
      }
      return (state.written[type]?[key]?.value, state.deleted[type]?[key]?.value)
    }
    var object = written ?? cached
    if object?.uid == deleted, object?.isBeingDeleted == false {
      object?.content["metadata"]?["deletionTimestamp"] = "just now"
    }
    return object
  }

  /// What we wrote for a log and the cache may not show yet, of one type.
  func written(_ type: ResourceType, for log: ObjectKey) -> Set<ObjectKey> {
    state.withLock { $0.written[type]?.keys(of: log) ?? [] }
  }
}

extension KubernetesObject {
  fileprivate func isAtLeastAsNew(as other: KubernetesObject) -> Bool {
    guard let mine = UInt64(resourceVersion), let others = UInt64(other.resourceVersion) else { return true }
    return mine >= others
  }
}
