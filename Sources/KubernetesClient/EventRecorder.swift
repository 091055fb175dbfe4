import FoundationEssentials
package import Logging
import Synchronization

/// Tells people what happened to an object: `core/v1` Events, as `kubectl describe` shows them.
///
/// The same thing said again about the same object raises the count of its Event. Recording never fails its caller.
package final class EventRecorder: Sendable {
  package enum Severity: String, Sendable {
    case normal = "Normal"
    case warning = "Warning"
  }

  /// What makes two events the same.
  private struct Identity: Hashable {
    var uid: String
    var severity: Severity
    var reason: String
    var message: String
  }

  private struct Recorded {
    var key: ObjectKey
    var count: Int64
  }

  private struct Cache {
    var events: [Identity: Recorded] = [:]
    /// In the order of their creation: the oldest goes first.
    var order: [Identity] = []
  }

  /// Events that we remember; with messages cut at `maximumMessageBytes` that is about 1 MiB. Servers forget theirs
  /// after an hour anyway.
  static let maximumRemembered = 1_000
  /// The API refuses longer messages.
  static let maximumMessageBytes = 1_024

  private let client: any KubernetesAPI
  private let component: String
  private let instance: String
  private let logger: Logger
  private let cache = Mutex(Cache())

  /// - Parameters:
  ///   - component: the name of the controller.
  ///   - instance: which of its replicas, such as the pod's name.
  package init(client: any KubernetesAPI, component: String, instance: String, logger: Logger) {
    self.client = client
    self.component = component
    self.instance = instance
    self.logger = logger
  }

  /// - Parameters:
  ///   - reason: one CamelCase word that machines may filter by.
  ///   - annotations: of the event; when it happens again, of the last time.
  package func record(
    _ severity: Severity, reason: String, _ message: String, about object: KubernetesObject,
    annotations: [String: String] = [:]
  ) async {
    let message = Self.cut(message)
    let identity = Identity(uid: object.uid, severity: severity, reason: reason, message: message)
    do {
      if let known = cache.withLock({ $0.events[identity] }),
        try await countAgain(known, identity, annotations)
      {
        return
      }
      let event = event(severity, reason, message, object, annotations)
      let created = try await client.create(event, as: .event)
      remember(identity, Recorded(key: created.key, count: 1))
    } catch {
      logger.warning(
        "an event could not be recorded",
        metadata: ["object": "\(object.key)", "reason": "\(reason)", "error": "\(error)"])
    }
  }

  /// Returns false when the server has forgotten the event.
  private func countAgain(
    _ known: Recorded, _ identity: Identity, _ annotations: [String: String]
  ) async throws(KubernetesError) -> Bool {
    let count = known.count + 1
    var patch: JSONValue = ["count": .integer(count), "lastTimestamp": .string(Self.timestamp())]
    if !annotations.isEmpty { patch["metadata"] = ["annotations": .object(annotations.mapValues { .string($0) })] }
    do {
      _ = try await client.mergePatch(.event, known.key, patch)
    } catch  where error.isNotFound {
      return false
    }
    cache.withLock { $0.events[identity]?.count = count }
    return true
  }

  private func remember(_ identity: Identity, _ recorded: Recorded) {
    cache.withLock { cache in
      if cache.events.updateValue(recorded, forKey: identity) == nil { cache.order.append(identity) }
      if cache.order.count > Self.maximumRemembered { cache.events[cache.order.removeFirst()] = nil }
    }
  }

  private func event(
    _ severity: Severity, _ reason: String, _ message: String, _ object: KubernetesObject,
    _ annotations: [String: String]
  ) -> KubernetesObject {
    let namespace = object.namespace.isEmpty ? "default" : object.namespace
    let timestamp = JSONValue.string(Self.timestamp())
    // As client-go names them: unique, and sorted by object.
    let suffix = String(UInt64.random(in: (1 << 60)...UInt64.max), radix: 16)
    return KubernetesObject([
      "apiVersion": "v1", "kind": "Event",
      "metadata": [
        "name": .string("\(object.name).\(suffix)"), "namespace": .string(namespace),
        "annotations": .object(annotations.mapValues { .string($0) }),
      ],
      "involvedObject": [
        "apiVersion": .string(object.apiVersion), "kind": .string(object.kind), "name": .string(object.name),
        "namespace": .string(object.namespace), "uid": .string(object.uid),
        "resourceVersion": .string(object.resourceVersion),
      ],
      "type": .string(severity.rawValue), "reason": .string(reason), "message": .string(message),
      "count": 1, "firstTimestamp": timestamp, "lastTimestamp": timestamp,
      "source": ["component": .string(component)],
      "reportingComponent": .string(component), "reportingInstance": .string(instance),
    ])
  }

  private static func timestamp() -> String { Date.now.formatted(.iso8601) }

  private static func cut(_ message: String) -> String {
    guard message.utf8.count > maximumMessageBytes else { return message }
    var cut = Substring(message)
    // Three bytes for the ellipsis that says that something is missing.
    while cut.utf8.count > maximumMessageBytes - 3 { cut.removeLast() }
    return "\(cut)…"
  }
}
