import FoundationEssentials
import Logging
import Synchronization
import Testing

@testable import KubernetesClient

func object(_ name: String, version: Int, uid: String? = nil, labels: [String: JSONValue] = [:]) -> KubernetesObject {
  KubernetesObject([
    "apiVersion": "v1", "kind": "Pod",
    "metadata": [
      "namespace": "default", "name": .string(name), "uid": .string(uid ?? "uid-\(name)"),
      "resourceVersion": .string("\(version)"), "labels": .object(labels),
    ],
  ])
}

func key(_ name: String) -> ObjectKey { ObjectKey(namespace: "default", name: name) }

func status(_ code: Int, _ reason: String = "", retryAfter: Duration? = nil) -> APIStatus {
  APIStatus(code: code, reason: reason, message: "", retryAfter: retryAfter)
}

/// What a fake server answers.
struct Answers {
  let answer: @Sendable (FakeAPIServer.Request) -> FakeAPIServer.Reply
  init(_ answer: @escaping @Sendable (FakeAPIServer.Request) -> FakeAPIServer.Reply) { self.answer = answer }
}

extension KubernetesError {
  var isTransport: Bool { if case .transport = self { true } else { false } }
  var isMalformed: Bool { if case .malformed = self { true } else { false } }
}

/// A client of a fake server that gives `answers`; both are gone afterwards.
func withServer(
  options: RESTClient.Options = .defaults, token: Credential? = nil,
  _ answers: Answers,
  _ body: (RESTClient, FakeAPIServer) async throws -> Void
) async throws {
  let server = try await FakeAPIServer.start(answers.answer)
  let configuration = ClusterConfiguration(
    server: ServerAddress(usesTLS: false, host: "127.0.0.1", port: server.port), bearerToken: token)
  let client = try RESTClient(configuration, options: options, logger: quiet)
  do {
    try await body(client, server)
  } catch {
    await client.shutdown()
    try await server.stop()
    throw error
  }
  await client.shutdown()
  try await server.stop()
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Waits for a condition that another task brings about.
func eventually(
  _ what: Comment, within limit: Duration = .seconds(60), _ condition: @Sendable () -> Bool
) async throws {
  let end = ContinuousClock.now + limit
  while !condition() {
    try #require(ContinuousClock.now < end, what)
    try await Task.sleep(for: .milliseconds(2))
  }
}

/// A folder of its own for each test, with files in it.
func withFolder<Result>(_ files: [String: String], _ body: (String) async throws -> Result) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "kubernetes-client-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  for (name, content) in files { try write(content, to: folder.appending(path: name).path()) }
  return try await body(folder.path())
}

func write(_ content: String, to path: String) throws {
  try Data(content.utf8).write(to: URL(filePath: path))
}

/// A value that several tasks share.
final class Shared<Value: Sendable>: Sendable {
  private let mutex: Mutex<Value>
  init(_ value: Value) { mutex = Mutex(value) }
  var value: Value { mutex.withLock { $0 } }
  func update<Result: Sendable>(_ body: (inout sending Value) -> sending Result) -> Result { mutex.withLock(body) }
}
