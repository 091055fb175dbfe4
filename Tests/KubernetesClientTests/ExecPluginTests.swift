import FoundationEssentials
import Testing

@testable import KubernetesClient

@Suite("Credential plugins", .timeLimit(.minutes(1)))
struct ExecPluginTests {
  private static let v1 = "client.authentication.k8s.io/v1"

  /// A plugin that is a shell script.
  private func plugin(
    _ script: String, variables: [ExecPlugin.Variable] = [], wantsCluster: Bool = false
  ) -> ExecPlugin {
    ExecPlugin(
      apiVersion: Self.v1, command: "/bin/sh", arguments: ["-c", script], variables: variables,
      wantsCluster: wantsCluster, installHint: "Get it from example.com.", origin: "config: users[u].exec")
  }

  private static func answer(_ status: String) -> String {
    #"{"apiVersion":"\#(v1)","kind":"ExecCredential","status":\#(status)}"#
  }

  private func run(
    _ plugin: ExecPlugin, _ environment: [String: String] = [:]
  ) async throws(KubernetesError) -> ExecCredential {
    try ExecCredential(try await ChildProcess.output(of: plugin, environment: environment), of: plugin)
  }

  @Test("the plugin sees our environment, its own variables and the cluster that it was asked for")
  func environment() throws {
    let cluster = ClusterConfiguration(
      server: ServerAddress(usesTLS: true, host: "h", port: 6443), certificateAuthority: .inline([1, 2], origin: ""),
      tlsServerName: "kubernetes")
    let variables = [ExecPlugin.Variable(name: "PROFILE", value: "prod")]
    let full = try plugin("", variables: variables, wantsCluster: true).environment(["HOME": "/h"], for: cluster)
    #expect(full["HOME"] == "/h")
    #expect(full["PROFILE"] == "prod")
    let information = try JSONDecoder().decode(JSONValue.self, from: Data((full["KUBERNETES_EXEC_INFO"] ?? "").utf8))
    #expect(
      information == [
        "apiVersion": .string(Self.v1), "kind": "ExecCredential",
        "spec": [
          "interactive": false,
          "cluster": [
            "server": "https://h:6443", "certificate-authority-data": "AQI=", "tls-server-name": "kubernetes",
          ],
        ],
      ])
    let short = try plugin("").environment([:], for: cluster)
    #expect(short["KUBERNETES_EXEC_INFO"]?.contains("server") == false)
  }

  @Test("a real program is run with that environment and read to its end, however much it writes")
  func process() async throws {
    let script = """
      i=0; while [ $i -lt 3000 ]; do echo '                                                  '; i=$((i+1)); done
      echo '\(Self.answer(#"{"token":"'"$TOKEN"'","expirationTimestamp":"2030-01-02T03:04:05Z"}"#))'
      """
    let credential = try await run(plugin(script), ["TOKEN": "secret", "PATH": "/bin"])
    #expect(credential.token == "secret")
    #expect(credential.clientCertificate == nil)
    #expect(credential.expiry == Date(timeIntervalSince1970: 1_893_553_445))
  }

  @Test(
    "what goes wrong is named with the plugin and where it was asked for",
    arguments: [
      ("echo no >/dev/null; exit 7", "/bin/sh exited with 7. Get it from example.com."),
      ("kill -9 $$", "/bin/sh was ended by signal 9"),
      ("echo token", "/bin/sh wrote 6 bytes that are not JSON"),
      (#"echo '{"apiVersion":"v1","kind":"Pod"}'"#, #"answered with "v1 Pod", not with an ExecCredential"#),
      ("echo '\(answer("{}"))'", "answered without token and certificate"),
      ("echo '\(answer(#"{"clientKeyData":"k"}"#))'", "one of clientCertificateData and clientKeyData"),
      ("echo '\(answer(#"{"token":"t","expirationTimestamp":"soon"}"#))'", #"the expirationTimestamp "soon""#),
    ])
  func failures(script: String, message: String) async throws {
    let error = await #expect(throws: KubernetesError.self) { try await self.run(self.plugin(script)) }
    let description = error?.description ?? ""
    #expect(description.contains("config: users[u].exec: /bin/sh"), "\(description)")
    #expect(description.contains(message), "\(description)")
  }

  @Test("a program that is not there is named with the hint where to get it")
  func missing() async throws {
    var plugin = plugin("")
    plugin.command = "no-such-plugin"
    let error = await #expect(throws: KubernetesError.self) { try await self.run(plugin) }
    #expect(
      error?.description.contains("no-such-plugin cannot be run: No such file or directory. Get it from example.com.")
        == true, "\(String(describing: error))")
  }

  @Test("one that never ends is ended with all that it started")
  func hangs() async throws {
    let plugin = plugin("sleep 1000 & sleep 1000")
    let error = await #expect(throws: KubernetesError.self) {
      try await withTimeLimit(.milliseconds(100)) { () throws(KubernetesError) in
        try await ChildProcess.output(of: plugin, environment: ["PATH": "/bin:/usr/bin"])
      }
    }
    #expect(error?.isTransport == true, "\(String(describing: error))")
  }

  @Test("an answer is kept until it expires or is refused; who asks meanwhile shares one run")
  func caching() async throws {
    let runs = Shared(0)
    let time = Shared(Date(timeIntervalSince1970: 0))
    let plugin = plugin("")
    let run: @Sendable () async throws(KubernetesError) -> ExecCredential = { () throws(KubernetesError) in
      let number = runs.update { runs in
        runs += 1
        return runs
      }
      let answer = Self.answer(#"{"token":"t\#(number)","expirationTimestamp":"1970-01-01T00:01:00Z"}"#)
      return try ExecCredential([UInt8](answer.utf8), of: plugin)
    }
    let source = ExecCredentialSource(now: { time.value }, run: run)
    for _ in 0..<3 { #expect(try await source.current().token == "t1") }
    let first = try await source.current()
    #expect(try await source.replace(first).token == "t2")
    #expect(try await source.replace(first).token == "t2", "another has replaced it already")
    time.update { $0 = Date(timeIntervalSince1970: 60) }
    #expect(try await source.current().token == "t3")
    #expect(runs.value == 3)
  }

  @Test("requests carry the plugin's token, and one that is refused is asked for anew")
  func requests() async throws {
    try await withFolder(["count": ""]) { folder in
      let script = """
        echo x >> \(folder)/count
        echo '\(Self.answer(#"{"token":"t'$(wc -l < \#(folder)/count)'"}"#))'
        """
      let server = try await FakeAPIServer.start { request in
        request.header("Authorization") == "Bearer t1" ? .failure(401, "Unauthorized") : .json("{}")
      }
      let configuration = ClusterConfiguration(
        server: ServerAddress(usesTLS: false, host: "127.0.0.1", port: server.port), execPlugin: plugin(script))
      let client = try RESTClient(configuration, logger: quiet)
      for _ in 0..<3 { _ = try await client.get(.pod, key("p")) }
      #expect(
        server.requests.map { $0.header("Authorization") } == [
          "Bearer t1", "Bearer t2", "Bearer t2", "Bearer t2",
        ])
      await client.shutdown()
      try await server.stop()
    }
  }

  @Test("a certificate that is none fails the request instead of making it as nobody")
  func badCertificate() async throws {
    let answer = Self.answer(#"{"clientCertificateData":"x","clientKeyData":"y"}"#)
    let configuration = ClusterConfiguration(
      server: ServerAddress(usesTLS: true, host: "127.0.0.1", port: 1), execPlugin: plugin("echo '\(answer)'"))
    let client = try RESTClient(configuration, logger: quiet)
    let error = await #expect(throws: KubernetesError.self) { try await client.get(.pod, key("p")) }
    #expect(
      error?.description.contains("the answer of /bin/sh: clientCertificateData holds no certificate") == true,
      "\(String(describing: error))")
    await client.shutdown()
  }
}
