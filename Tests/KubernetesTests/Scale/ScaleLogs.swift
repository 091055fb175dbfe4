import Foundation
import KubernetesClient
import TestSupport

/// Many ProgLogs: the same hundred names in each of several namespaces, of several sizes, two of five hibernated.
struct ScaleLogs {
  /// Set by `make scale`.
  static let count = ProcessInfo.processInfo.environment["PROGLOG_SCALE_RESOURCES"].flatMap { Int($0) }
  static let type = ResourceType(group: "proglog.io", version: "v1alpha1", kind: "ProgLog", plural: "proglogs")

  let keys: [ObjectKey]
  private let client: RESTClient

  private static let logsOfNamespace = 100
  /// Requests under way at once.
  private static let concurrency = 16
  private static let roundAnnotation = "example.org/round"

  init(_ count: Int, client: RESTClient) {
    self.client = client
    keys = (0..<count).map { number in
      ObjectKey(
        namespace: "scale-\(number / Self.logsOfNamespace)",
        name: String(format: "log%02d", number % Self.logsOfNamespace))
    }
  }

  /// Every second one: those that `change` changes. The specs repeat with a period of five, so all kinds are among them.
  var changed: [ObjectKey] { keys.indices.filter { !$0.isMultiple(of: 2) }.map { keys[$0] } }

  /// The ProgLog that an object of this name belongs to: all names begin with the log's, which has five letters.
  static func owner(of name: String, in namespace: String) -> ObjectKey {
    ObjectKey(namespace: namespace, name: String(name.prefix(5)))
  }

  func create() async throws {
    let namespaces = Set(keys.map(\.namespace))
    let type = ResourceType(version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false)
    for namespace in namespaces {
      _ = try await client.create(KubernetesObject(["metadata": ["name": .string(namespace)]]), as: type)
    }
    let numbers = Dictionary(uniqueKeysWithValues: zip(keys, keys.indices))
    try await forEach(keys) { key in
      let object = KubernetesObject([
        "metadata": ["namespace": .string(key.namespace), "name": .string(key.name)],
        "spec": Self.spec(numbers[key] ?? 0),
      ])
      _ = try await client.create(object, as: Self.type)
    }
  }

  /// Of five: one and three servers that are hibernated, one server twice, three servers.
  private static func spec(_ number: Int) -> JSONValue {
    let kind = number % 5
    return [
      "replicas": kind == 1 || kind == 4 ? 3 : 1, "hibernated": .bool(kind < 2), "access": ["type": "ClusterIP"],
      "users": [["name": "tester"]],
    ]
  }

  /// Asks `keys` for another annotation of the clients' Service.
  /// - Parameter progress: is told how many are through.
  func change(_ keys: [ObjectKey], round: Int, progress: @Sendable (Int) -> Void = { _ in }) async throws {
    let patch: JSONValue = ["spec": ["service": ["annotations": [Self.roundAnnotation: .string("\(round)")]]]]
    try await forEach(keys, progress: progress) { key in _ = try await client.mergePatch(Self.type, key, patch) }
  }

  private func forEach(
    _ keys: [ObjectKey], progress: @Sendable (Int) -> Void = { _ in },
    _ body: @escaping @Sendable (ObjectKey) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, key) in keys.enumerated() {
        if number >= Self.concurrency {
          try await group.next()
          progress(number - Self.concurrency + 1)
        }
        group.addTask { try await body(key) }
      }
      try await group.waitForAll()
    }
  }

  /// What the Services of clients have been told, by log.
  func rounds() async throws -> [ObjectKey: Int] {
    let text = try await Cluster.kubectl(
      "get", "services", "-A", "-l", "app.kubernetes.io/component=client", "-o",
      #"jsonpath={range .items[*]}{.metadata.namespace} {.metadata.name} {.metadata.annotations.example\.org/round}"#
        + #"{"\n"}{end}"#)
    return text.split(separator: "\n").reduce(into: [:]) { rounds, line in
      let parts = line.split(separator: " ").map(String.init)
      if parts.count == 3 { rounds[ObjectKey(namespace: parts[0], name: parts[1])] = Int(parts[2]) }
    }
  }

  /// Waits until every one has converged.
  func converge(by leader: ScaleOperator, within limit: Duration = .seconds(3_600)) async throws {
    var missing = keys.count
    do {
      try await eventually("all have converged", within: limit, every: interval) { () -> Void? in
        try leader.checkIsRunning()
        let obstacles = try await obstacles()
        if obstacles.count < missing / 2 { print("scale: \(obstacles.count) of \(keys.count) have not yet converged") }
        missing = obstacles.count
        return obstacles.isEmpty ? () : nil
      }
    } catch {
      let examples = (try? await obstacles().prefix(5).joined(separator: "\n")) ?? ""
      throw Cluster.Failure(description: "\(error)\n\(examples)")
    }
  }

  /// A look at all of them costs the API server about a millisecond each.
  private var interval: Duration { .milliseconds(max(500, keys.count * 5)) }

  /// Why those that have not converged have not.
  func obstacles() async throws -> [String] {
    let states = try await ScaleLogState.all()
    return keys.compactMap { key in
      guard let state = states[key] else { return "\(key) is not there" }
      return state.obstacle.map { "\(key): \($0): \(state)" }
    }
  }
}
