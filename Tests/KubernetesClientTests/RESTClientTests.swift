import KubernetesClient
import Testing

@Suite("REST client", .timeLimit(.minutes(1)))
struct RESTClientTests {
  private static let configMap = KubernetesObject([
    "metadata": ["namespace": "ns", "name": "c", "managedFields": [[:]]], "data": ["a": "b"],
  ])

  @Test("an object that is not there is nil; other failures carry the status, its causes and Retry-After")
  func failures() async throws {
    try await withServer(
      Answers { request in
        request.path.hasSuffix("/absent")
          ? .failure(404, "NotFound")
          : .json(
            """
            {"kind":"Status","code":422,"reason":"Invalid","message":"no","details":{"causes":[
              {"field":"spec.a","message":"is required"}]}}
            """, status: 422, headers: [("Retry-After", "7")])
      }
    ) { client, _ in
      let absent = try await client.get(.pod, ObjectKey(namespace: "ns", name: "absent"))
      #expect(absent == nil)
      await #expect(
        throws: KubernetesError.status(
          APIStatus(
            code: 422, reason: "Invalid", message: "no", causes: ["spec.a: is required"], retryAfter: .seconds(7)))
      ) { try await client.get(.pod, ObjectKey(namespace: "ns", name: "x")) }
    }
  }

  @Test("a proxy's error page is a status, too")
  func notAStatus() async throws {
    try await withServer(Answers { _ in .json("<html>bad gateway</html>", status: 502) }) { client, _ in
      let error = await #expect(throws: KubernetesError.self) { try await client.get(.pod, key("x")) }
      #expect(error?.code == 502)
      #expect(error?.isWorthRepeating == true)
    }
  }

  @Test("the requests have the form that the API asks for")
  func requests() async throws {
    try await withServer(Answers { _ in .json(#"{"metadata":{"namespace":"ns","name":"c","uid":"u"}}"#) }) {
      client, server in
      let applied = try await client.apply(Self.configMap, as: .configMap, fieldManager: "me & co")
      #expect(applied.kind == "ConfigMap")
      _ = try await client.applyStatus(Self.configMap, as: .statefulSet, fieldManager: "me-status")
      _ = try await client.create(Self.configMap, as: .configMap)
      _ = try await client.mergePatch(.configMap, Self.configMap.key, ["data": nil])
      try await client.delete(
        .configMap, Self.configMap.key, onlyIf: DeletePreconditions(uid: "u", resourceVersion: "7"),
        propagation: .foreground)
      try await client.delete(.configMap, Self.configMap.key, onlyIf: .uid("u"), propagation: .background)
      _ = try await client.get(
        ResourceType(version: "v1", kind: "Node", plural: "nodes", isNamespaced: false), key("n"))
      let requests = server.requests
      #expect(
        requests.map { "\($0.method) \($0.path)" } == [
          "PATCH /api/v1/namespaces/ns/configmaps/c", "PATCH /apis/apps/v1/namespaces/ns/statefulsets/c/status",
          "POST /api/v1/namespaces/ns/configmaps", "PATCH /api/v1/namespaces/ns/configmaps/c",
          "DELETE /api/v1/namespaces/ns/configmaps/c", "DELETE /api/v1/namespaces/ns/configmaps/c",
          "GET /api/v1/nodes/n",
        ])
      #expect(requests[0].query == ["fieldManager": "me & co", "force": "true"])
      #expect(
        requests.map { $0.header("Content-Type") } == [
          "application/apply-patch+yaml", "application/apply-patch+yaml", "application/json",
          "application/merge-patch+json", "application/json", "application/json", nil,
        ])
      #expect(
        requests[0].body == [
          "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["namespace": "ns", "name": "c"], "data": ["a": "b"],
        ])
      #expect(requests[3].body == ["data": nil])
      #expect(
        requests[4].body == [
          "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground",
          "preconditions": ["uid": "u", "resourceVersion": "7"],
        ])
      #expect(requests[5].body?["preconditions"] == ["uid": "u"])
    }
  }

  @Test("an update replaces the object that was read, and the scale subresource is read and changed by itself")
  func updateAndScale() async throws {
    try await withServer(
      Answers { request in
        if request.path.hasSuffix("/absent/scale") { return .failure(404, "NotFound") }
        return .json(
          #"{"metadata":{"name":"c","resourceVersion":"8"},"spec":{"replicas":3},"#
            + #""status":{"replicas":2,"selector":"app=x"}}"#)
      }
    ) { client, server in
      let object = KubernetesObject(["metadata": ["namespace": "ns", "name": "c", "resourceVersion": "7"]])
      _ = try await client.update(object, as: .lease)
      let scale = try #require(try await client.scale(.statefulSet, object.key))
      #expect(scale.desired == 3 && scale.current == 2)
      #expect(scale.selector == "app=x" && scale.resourceVersion == "8")
      try await client.setScale(.statefulSet, object.key, to: 5, resourceVersion: "8")
      #expect(try await client.scale(.statefulSet, ObjectKey(namespace: "ns", name: "absent")) == nil)
      let requests = server.requests
      #expect(
        requests.map { "\($0.method) \($0.path)" }.prefix(3) == [
          "PUT /apis/coordination.k8s.io/v1/namespaces/ns/leases/c",
          "GET /apis/apps/v1/namespaces/ns/statefulsets/c/scale",
          "PATCH /apis/apps/v1/namespaces/ns/statefulsets/c/scale",
        ])
      #expect(requests[0].body?[path: "metadata", "resourceVersion"] == "7")
      #expect(requests[0].body?["kind"] == "Lease")
      #expect(requests[2].body == ["metadata": ["resourceVersion": "8"], "spec": ["replicas": 5]])
    }
  }

  @Test("a dry run says so in every write and in no read")
  func dryRun() async throws {
    var options = RESTClient.Options.defaults
    options.isDryRun = true
    try await withServer(options: options, Answers { _ in .json("{}") }) { client, server in
      _ = try await client.get(.configMap, Self.configMap.key)
      _ = try await client.create(Self.configMap, as: .configMap)
      _ = try await client.apply(Self.configMap, as: .configMap, fieldManager: "m")
      _ = try await client.mergePatch(.configMap, Self.configMap.key, [:])
      try await client.delete(.configMap, Self.configMap.key, onlyIf: nil, propagation: .orphan)
      #expect(server.requests.map { $0.query["dryRun"] } == [nil, "All", "All", "All", "All"])
      #expect(server.requests.last?.body?["propagationPolicy"] == "Orphan")
    }
  }

  @Test(
    "an object that is there is told from one that is about to go, by what the API server says",
    arguments: [
      (409, "AlreadyExists", #"pods "p" already exists"#, false),
      (409, "AlreadyExists", #"object is being deleted: pods "p" already exists"#, true),
      (403, "Forbidden", #"unable to create new content in namespace x because it is being terminated"#, true),
      (403, "Forbidden", "no", false), (409, "Conflict", "object is being deleted", false),
    ])
  func terminating(code: Int, reason: String, message: String, isTerminating: Bool) {
    let error = KubernetesError.status(APIStatus(code: code, reason: reason, message: message))
    #expect(error.isStillTerminating == isTerminating)
    #expect(error.isAlreadyExists == (reason == "AlreadyExists"))
  }

  @Test("the client keeps its rate: what is beyond the burst waits, watches excepted")
  func rate() async throws {
    var options = RESTClient.Options.defaults
    options.requestsPerSecond = 20
    options.burst = 2
    try await withServer(options: options, Answers { _ in .json("{}") }) { client, server in
      let start = ContinuousClock.now
      for _ in 0..<4 { _ = try await client.get(.pod, key("p")) }
      #expect(start.duration(to: .now) >= .milliseconds(50), "the third and fourth are due after 50 ms and 100 ms")
      #expect(server.requests.count == 4)
    }
  }

  @Test(
    "a delete is answered by the object or a status; gone already is no error",
    arguments: [
      FakeAPIServer.Reply.json(#"{"kind":"Pod","metadata":{"name":"p","deletionTimestamp":"2026-01-01T00:00:00Z"}}"#),
      .json(#"{"kind":"Status","status":"Success"}"#), .failure(404, "NotFound"),
    ])
  func deletes(reply: FakeAPIServer.Reply) async throws {
    try await withServer(Answers { _ in reply }) { client, _ in
      try await client.delete(.pod, key("p"), onlyIf: nil, propagation: .background)
    }
  }

  @Test("a delete whose uid does not match is a conflict")
  func deleteConflict() async throws {
    try await withServer(Answers { _ in .failure(409, "Conflict") }) { client, _ in
      let error = await #expect(throws: KubernetesError.self) {
        try await client.delete(.pod, key("p"), onlyIf: .uid("old"), propagation: .background)
      }
      #expect(error?.isConflict == true)
    }
  }

  @Test("a list is put together from its pages, and its items get their type and lose managedFields")
  func pages() async throws {
    var options = RESTClient.Options.defaults
    options.pageSize = 2
    try await withServer(
      options: options,
      Answers { request in
        switch request.query["continue"] {
        case nil: .json(Self.page(["a", "b"], "7", continue: "t&1"))
        case "t&1": .json(Self.page(["c"], "7", continue: ""))
        default: .failure(400, "BadRequest")
        }
      }
    ) { client, server in
      let list = try await client.list(.pod, namespace: "default", labelSelector: "app=x,y in (1,2)")
      #expect(list.items.map(\.name) == ["a", "b", "c"])
      #expect(list.items.allSatisfy { $0.kind == "Pod" && $0.apiVersion == "v1" })
      #expect(list.items.allSatisfy { $0.metadata["managedFields"] == nil })
      #expect(list.resourceVersion == "7")
      #expect(
        server.requests.allSatisfy { $0.query["labelSelector"] == "app=x,y in (1,2)" && $0.query["limit"] == "2" })
    }
  }

  @Test("a list whose pages expire under way starts again, and not for ever")
  func pagesExpire() async throws {
    let expirations = Shared(1)
    try await withServer(
      Answers { request in
        if request.query["continue"] == nil { return .json(Self.page(["a"], "7", continue: "t")) }
        let expires = expirations.update { left in
          left -= 1
          return left >= 0
        }
        return expires ? .failure(410, "Expired") : .json(Self.page(["b"], "7", continue: nil))
      }
    ) { client, server in
      let list = try await client.list(.pod, namespace: nil, labelSelector: nil)
      #expect(list.items.map(\.name) == ["a", "b"])
      #expect(server.requests.count == 4)
      expirations.update { $0 = .max }
      let error = await #expect(throws: KubernetesError.self) {
        try await client.list(.pod, namespace: nil, labelSelector: nil)
      }
      #expect(error?.isExpired == true)
    }
  }

  @Test("a refused token is read again from its file and the request repeated, once")
  func tokenRenewal() async throws {
    try await withFolder(["token": "old\n"]) { folder in
      try await withServer(
        token: .file(path: "\(folder)/token"),
        Answers { request in
          request.header("Authorization") == "Bearer new"
            ? .json("{}") : .failure(401, "Unauthorized")
        }
      ) { client, server in
        let error = await #expect(throws: KubernetesError.self) { try await client.get(.pod, key("p")) }
        #expect(error?.code == 401)
        #expect(server.requests.count == 1)
        try write("new\n", to: "\(folder)/token")
        #expect(try await client.get(.pod, key("p")) != nil)
        #expect(
          server.requests.map { $0.header("Authorization") } == ["Bearer old", "Bearer old", "Bearer new"])
      }
    }
  }

  @Test("a token is read again when it is old, and kept while its file is away")
  func tokenAge() async throws {
    var options = RESTClient.Options.defaults
    options.credentialLifetime = .zero
    try await withFolder(["token": "one"]) { folder in
      try await withServer(options: options, token: .file(path: "\(folder)/token"), Answers { _ in .json("{}") }) {
        client, server in
        for content in ["one", "two", ""] {
          try write(content, to: "\(folder)/token")
          _ = try await client.get(.pod, key("p"))
        }
        #expect(
          server.requests.map { $0.header("Authorization") } == ["Bearer one", "Bearer two", "Bearer two"])
      }
    }
  }

  @Test("a server that does not answer, or not to the end, is a transport error in time", arguments: [[], ["{"]])
  func timeLimit(chunks: [String]) async throws {
    var options = RESTClient.Options.defaults
    options.requestTimeout = .milliseconds(100)
    try await withServer(options: options, Answers { _ in .init(chunks: chunks, ending: .hang) }) { client, _ in
      let error = await #expect(throws: KubernetesError.self) { try await client.get(.pod, key("p")) }
      #expect(error?.isTransport == true, "\(String(describing: error))")
    }
  }

  @Test("a refused connection fails at once")
  func refused() async throws {
    try await withServer(Answers { _ in .json("{}") }) { client, server in
      try await server.stop()
      let start = ContinuousClock.now
      let error = await #expect(throws: KubernetesError.self) { try await client.get(.pod, key("p")) }
      #expect(error?.isTransport == true)
      #expect(start.duration(to: .now) < RESTClient.Options.defaults.requestTimeout)
    }
  }

  @Test("an answer that is too large or not JSON is malformed", arguments: [String(repeating: " ", count: 999), "{]"])
  func malformed(body: String) async throws {
    var options = RESTClient.Options.defaults
    options.maximumBodyBytes = 100
    try await withServer(options: options, Answers { _ in .json(body) }) { client, _ in
      let error = await #expect(throws: KubernetesError.self) { try await client.get(.pod, key("p")) }
      #expect(error?.isMalformed == true, "\(String(describing: error))")
    }
  }

  private static func page(_ names: [String], _ version: String, continue token: String?) -> String {
    let items = names.map {
      #"{"metadata":{"namespace":"default","name":"\#($0)","managedFields":[{}]}}"#
    }.joined(separator: ",")
    let next = token.map { #","continue":"\#($0)""# } ?? ""
    return #"{"kind":"PodList","metadata":{"resourceVersion":"\#(version)"\#(next)},"items":[\#(items)]}"#
  }
}
