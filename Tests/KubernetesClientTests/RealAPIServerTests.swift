import FoundationEssentials
import KubernetesClient
import Testing

private let kubeconfig = ProcessInfo.processInfo.environment["KUBERNETES_TEST_KUBECONFIG"]

/// Against the API server of `KUBERNETES_TEST_KUBECONFIG`, on this machine, in namespaces of their own.
@Suite("Real API server", .enabled(if: kubeconfig != nil), .timeLimit(.minutes(1)))
struct RealAPIServerTests {
  private static let namespaceType = ResourceType(
    version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false)

  private func withNamespace(_ body: (RESTClient, String) async throws -> Void) async throws {
    var options = RESTClient.Options.defaults
    options.pageSize = 2
    let client = try RESTClient(
      try ClusterConfiguration.kubeconfig(files: [kubeconfig ?? ""]), options: options, logger: quiet)
    let name = "client-test-\(UInt32.random(in: 0...UInt32.max))"
    let outcome: Result<Void, any Error>
    do {
      _ = try await client.create(KubernetesObject(["metadata": ["name": .string(name)]]), as: Self.namespaceType)
      outcome = .success(try await body(client, name))
    } catch {
      outcome = .failure(error)
    }
    try? await client.delete(
      Self.namespaceType, ObjectKey(namespace: "", name: name), onlyIf: nil, propagation: .background)
    await client.shutdown()
    try outcome.get()
  }

  private func configMap(_ namespace: String, _ name: String, _ data: JSONValue) -> KubernetesObject {
    KubernetesObject([
      "metadata": ["namespace": .string(namespace), "name": .string(name), "labels": ["test": "yes"]], "data": data,
    ])
  }

  @Test("apply, get, patch, list by pages, delete with a precondition")
  func requests() async throws {
    try await withNamespace { client, namespace in
      for name in ["a", "b", "c"] {
        _ = try await client.apply(configMap(namespace, name, ["x": "1"]), as: .configMap, fieldManager: "test")
      }
      let list = try await client.list(.configMap, namespace: namespace, labelSelector: "test=yes")
      #expect(list.items.map(\.name) == ["a", "b", "c"])
      #expect(list.items.allSatisfy { $0.kind == "ConfigMap" && !$0.uid.isEmpty })
      let key = list.items[0].key
      let patched = try await client.mergePatch(.configMap, key, ["data": ["y": "2"]])
      #expect(patched.content["data"] == ["x": "1", "y": "2"])
      let applied = try await client.apply(configMap(namespace, "a", ["z": "3"]), as: .configMap, fieldManager: "test")
      #expect(applied.content["data"] == ["y": "2", "z": "3"])
      let exists = await #expect(throws: KubernetesError.self) {
        try await client.create(configMap(namespace, "a", [:]), as: .configMap)
      }
      #expect(exists?.isAlreadyExists == true)
      let conflict = await #expect(throws: KubernetesError.self) {
        try await client.delete(.configMap, key, onlyIf: .uid("another"), propagation: .background)
      }
      #expect(conflict?.isConflict == true)
      let outdated = await #expect(throws: KubernetesError.self) {
        try await client.delete(
          .configMap, key, onlyIf: DeletePreconditions(uid: patched.uid, resourceVersion: "1"),
          propagation: .background)
      }
      #expect(outdated?.isConflict == true)
      try await client.delete(.configMap, key, onlyIf: .uid(patched.uid), propagation: .foreground)
      try await client.delete(.configMap, key, onlyIf: nil, propagation: .background)
      let gone = try await client.get(.configMap, key)
      #expect(gone == nil)
      let invalid = await #expect(throws: KubernetesError.self) {
        try await client.create(configMap(namespace, "Not_A_Name", [:]), as: .configMap)
      }
      guard case .status(let status)? = invalid else { throw invalid ?? .malformed("no error") }
      #expect(status.code == 422 && status.causes.first?.hasPrefix("metadata.name: ") == true, "\(status)")
    }
  }

  @Test("an informer sees creations, changes and deletions")
  func informer() async throws {
    try await withNamespace { client, namespace in
      let source = client.listWatch(.configMap, namespace: namespace, labelSelector: "test=yes")
      let informer = Informer(.configMap, from: source, logger: quiet) { _ in }
      let run = Task { await informer.run() }
      try await informer.waitUntilSynced()
      let key = ObjectKey(namespace: namespace, name: "seen")
      _ = try await client.apply(configMap(namespace, "seen", ["x": "1"]), as: .configMap, fieldManager: "test")
      try await eventually("it is created") { informer.store[key] != nil }
      _ = try await client.apply(configMap(namespace, "seen", ["x": "2"]), as: .configMap, fieldManager: "test")
      try await eventually("it is changed") { informer.store[key]?.content["data"] == ["x": "2"] }
      try await client.delete(.configMap, key, onlyIf: nil, propagation: .background)
      try await eventually("it is deleted") { informer.store[key] == nil }
      run.cancel()
      await run.value
    }
  }

  @Test("a version that is too old is expired")
  func expired() async throws {
    try await withNamespace { client, namespace in
      let error = await #expect(throws: KubernetesError.self) {
        // Before anything that the server's watch cache holds.
        let watch = try await client.watch(.configMap, namespace: namespace, labelSelector: nil, resourceVersion: "1")
        for try await event in watch {
          if case .error(let status) = event { throw KubernetesError.status(status) }
        }
      }
      #expect(error?.isExpired == true, "\(String(describing: error))")
    }
  }

  @Test("the server's certificate is checked, against tls-server-name where it is set")
  func serverName() async throws {
    for (name, isRight) in [(nil, false), ("kubernetes.default.svc", true), ("another.example", false)] {
      var configuration = try ClusterConfiguration.kubeconfig(files: [kubeconfig ?? ""])
      // An address of the server's machine that its certificate lacks: NIOSSL is content with the name or the address.
      configuration.server.host = "127.0.0.2"
      configuration.tlsServerName = name
      let client = try RESTClient(configuration, logger: quiet)
      let answered: Bool
      do throws(KubernetesError) {
        answered = try await client.get(Self.namespaceType, ObjectKey(namespace: "", name: "default")) != nil
      } catch {
        answered = false
      }
      await client.shutdown()
      #expect(answered == isRight, "\(String(describing: name))")
    }
  }

  @Test("a Lease is made, renewed, given back and taken over; the server takes our times")
  func election() async throws {
    try await withNamespace { client, namespace in
      let key = ObjectKey(namespace: namespace, name: "election")
      let timing = LeaseTiming(
        leaseDuration: .seconds(15), renewDeadline: .seconds(10), retryPeriod: .milliseconds(100))
      let electors = ["a", "b"].map {
        LeaderElector(lease: key, identity: $0, timing: timing, api: client, logger: quiet)
      }
      async let first: Void = electors[0].run()
      try await electors[0].leadership.waitUntilHeld()
      let made = try #require(try await client.get(.lease, key))
      async let second: Void = electors[1].run()
      electors[0].stop()
      try await first
      try await electors[1].leadership.waitUntilHeld()
      let taken = try #require(try await client.get(.lease, key))
      #expect(taken.uid == made.uid)
      #expect(Lease(taken).holder == "b" && Lease(taken).transitions == 1)
      electors[1].stop()
      try await second
      #expect(try await client.get(.lease, key).map(Lease.init)?.holder == "")
    }
  }

  @Test("discovery finds what every server has, and its version")
  func discovery() async throws {
    try await withNamespace { client, _ in
      let discovery = try await client.discover([.statefulSet, .lease, .podMonitor])
      #expect(discovery.serves(.statefulSet) == true && discovery.serves(.lease) == true)
      #expect(discovery.version.map { $0 >= .init(major: 1, minor: 20) } == true)
      #expect(discovery.failures.isEmpty)
    }
  }

  @Test("a dry run stores nothing; scale reads and changes replicas")
  func scaleAndDryRun() async throws {
    try await withNamespace { client, namespace in
      let set = KubernetesObject([
        "metadata": ["namespace": .string(namespace), "name": "s"],
        "spec": [
          "replicas": 0, "serviceName": "s", "selector": ["matchLabels": ["app": "s"]],
          "template": [
            "metadata": ["labels": ["app": "s"]], "spec": ["containers": [["name": "c", "image": "none"]]],
          ],
        ],
      ])
      var options = RESTClient.Options.defaults
      options.isDryRun = true
      let trying = try RESTClient(client.configuration, options: options, logger: quiet)
      let tried = try await trying.apply(set, as: .statefulSet, fieldManager: "test")
      await trying.shutdown()
      #expect(!tried.uid.isEmpty)
      #expect(try await client.get(.statefulSet, set.key) == nil)

      let made = try await client.apply(set, as: .statefulSet, fieldManager: "test")
      let scale = try #require(try await client.scale(.statefulSet, set.key))
      #expect(scale.desired == 0 && scale.selector == "app=s")
      let outdated = await #expect(throws: KubernetesError.self) {
        try await client.setScale(.statefulSet, set.key, to: 0, resourceVersion: "1")
      }
      #expect(outdated?.isConflict == true, "\(String(describing: outdated)) of \(made.resourceVersion)")
    }
  }

  @Test("a streamed list ends where the server can stream, and is refused where it cannot")
  func streamedList() async throws {
    try await withNamespace { client, namespace in
      _ = try await client.apply(configMap(namespace, "a", ["x": "1"]), as: .configMap, fieldManager: "test")
      do throws(KubernetesError) {
        var names: [String] = []
        for try await event in try await client.streamedList(
          .configMap, namespace: namespace, labelSelector: "test=yes")
        {
          if case .added(let object) = event { names.append(object.name) }
          if case .listed = event { break }
        }
        #expect(names == ["a"])
      } catch {
        #expect(error.code == 422)
      }
    }
  }

  @Test("events are recorded and counted")
  func events() async throws {
    try await withNamespace { client, namespace in
      let recorder = EventRecorder(client: client, component: "test", instance: "test-0", logger: quiet)
      let about = try await client.apply(configMap(namespace, "e", [:]), as: .configMap, fieldManager: "test")
      for _ in 0..<3 { await recorder.record(.warning, reason: "Tested", "three times", about: about) }
      let events = try await client.list(.event, namespace: namespace, labelSelector: nil).items
      #expect(events.map { $0.content["count"] } == [3])
      #expect(events.first?.content["involvedObject"]?["name"] == "e")
    }
  }
}
