import KubernetesClient
import Testing

@Suite("In-cluster configuration")
struct InClusterTests {
  private static let files = ["token": "secret\n", "ca.crt": "PEM", "namespace": "prod\n"]

  @Test("the pod's environment and files are used, IPv6 hosts in brackets", arguments: ["10.0.0.1", "fd00::1"])
  func complete(host: String) async throws {
    try await withFolder(Self.files) { folder in
      let configuration = try ClusterConfiguration.inCluster(
        environment: ["KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "443"], directory: folder)
      #expect(
        configuration.server.description == (host == "fd00::1" ? "https://[fd00::1]:443" : "https://10.0.0.1:443"))
      #expect(configuration.namespace == "prod")
      #expect(configuration.bearerToken == .file(path: "\(folder)/token"))
      #expect(configuration.certificateAuthority == .file(path: "\(folder)/ca.crt"))
      #expect(configuration.verifiesServer)
    }
  }

  @Test("a missing or empty part is named", arguments: ["token", "ca.crt", "namespace"], [nil, ""])
  func incomplete(file: String, content: String?) async throws {
    var files = Self.files
    files[file] = content
    try await withFolder(files) { folder in
      let error = #expect(throws: KubernetesError.self) {
        try ClusterConfiguration.inCluster(
          environment: ["KUBERNETES_SERVICE_HOST": "h", "KUBERNETES_SERVICE_PORT": "1"], directory: folder)
      }
      #expect(error?.description.contains("\(folder)/\(file)") == true)
    }
  }

  @Test(
    "a wrong environment is named",
    arguments: [
      [:], ["KUBERNETES_SERVICE_HOST": "h"],
      ["KUBERNETES_SERVICE_HOST": "h", "KUBERNETES_SERVICE_PORT": "70000"],
    ])
  func environment(environment: [String: String]) {
    let error = #expect(throws: KubernetesError.self) { try ClusterConfiguration.inCluster(environment: environment) }
    #expect(error?.description.contains("KUBERNETES_SERVICE_") == true)
  }
}

@Suite("Kubeconfig")
struct KubeconfigTests {
  private static let good = """
    apiVersion: v1
    kind: Config
    current-context: one
    preferences: {}
    clusters:
    - name: a
      cluster: {server: "https://a.example:6443/prefix/", certificate-authority-data: UEVN, tls-server-name: kubernetes}
    - {name: b, cluster: {server: "https://[::1]:1", insecure-skip-tls-verify: true, proxy-url: "http://p:3128"}}
    - {name: c, cluster: {server: "http://c", certificate-authority: pki/ca.crt, extensions: [{name: x, extension: 1}]}}
    users:
    - {name: u, user: {client-certificate: u.crt, client-key: /abs/u.key}}
    - {name: v, user: {token: t, tokenFile: v.token}}
    - name: w
      user:
        exec:
          apiVersion: client.authentication.k8s.io/v1
          command: bin/aws
          args: [eks, get-token]
          env: [{name: AWS_PROFILE, value: prod}]
          interactiveMode: IfAvailable
          provideClusterInfo: true
          installHint: see example.com
    - {name: x, user: {token: t, exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: gke-auth}}}
    - {name: y, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: gke-auth}}}
    contexts:
    - {name: one, context: {cluster: a, user: u, namespace: ns}}
    - {name: two, context: {cluster: b, user: v}}
    - {name: three, context: {cluster: c}}
    - {name: four, context: {cluster: c, user: w}}
    - {name: five, context: {cluster: c, user: x}}
    - {name: six, context: {cluster: c, user: y}}
    """

  @Test("contexts give server, trust, identity and namespace; paths are relative to their file")
  func contexts() async throws {
    try await withFolder(["config": Self.good]) { folder in
      let file = "\(folder)/config"
      let one = try ClusterConfiguration.kubeconfig(files: [file])
      #expect(one.server.description == "https://a.example:6443/prefix")
      #expect(
        one.certificateAuthority
          == .inline(Array("PEM".utf8), origin: "\(file): clusters[a].certificate-authority-data"))
      #expect(one.tlsServerName == "kubernetes")
      #expect(one.namespace == "ns")
      #expect(
        one.clientCertificate
          == ClientCertificate(chain: .file(path: "\(folder)/u.crt"), key: .file(path: "/abs/u.key")))
      let two = try ClusterConfiguration.kubeconfig(files: [file], context: "two")
      #expect(two.server == ServerAddress(usesTLS: true, host: "::1", port: 1))
      #expect(!two.verifiesServer)
      #expect(two.proxy == ServerAddress(usesTLS: false, host: "p", port: 3_128))
      #expect(two.bearerToken == .file(path: "\(folder)/v.token"))
      #expect(two.namespace == "default")
      let three = try ClusterConfiguration.kubeconfig(files: [file], context: "three")
      #expect(three.server.description == "http://c:80")
      #expect(three.certificateAuthority == .file(path: "\(folder)/pki/ca.crt"))
      #expect(three.bearerToken == nil)
    }
  }

  @Test("a credential plugin is taken over with all that it asks for; a token that is written down wins")
  func plugin() async throws {
    try await withFolder(["config": Self.good]) { folder in
      let file = "\(folder)/config"
      let four = try ClusterConfiguration.kubeconfig(files: [file], context: "four")
      #expect(
        four.execPlugin
          == ExecPlugin(
            apiVersion: "client.authentication.k8s.io/v1", command: "\(folder)/bin/aws",
            arguments: ["eks", "get-token"], variables: [.init(name: "AWS_PROFILE", value: "prod")],
            wantsCluster: true, installHint: "see example.com", origin: "\(file): users[w].exec"))
      let five = try ClusterConfiguration.kubeconfig(files: [file], context: "five")
      #expect(five.execPlugin == nil)
      #expect(five.bearerToken != nil)
      let six = try ClusterConfiguration.kubeconfig(files: [file], context: "six")
      #expect(six.execPlugin?.command == "gke-auth", "a mere name is looked up in PATH")
    }
  }

  @Test("of several files the first that has a name wins; missing files are passed over")
  func merge() async throws {
    let first = """
      current-context: two
      clusters: [{name: b, cluster: {server: "https://first"}}]
      users: null
      """
    try await withFolder(["first": first, "second": Self.good]) { folder in
      let list = ["absent", "first", "second"].map { "\(folder)/\($0)" }.joined(separator: ":")
      let merged = try ClusterConfiguration.kubeconfig(environment: ["KUBECONFIG": list])
      #expect(merged.server.host == "first")
      #expect(merged.bearerToken == .file(path: "\(folder)/v.token"))
      let error = #expect(throws: KubernetesError.self) {
        try ClusterConfiguration.kubeconfig(environment: ["HOME": folder])
      }
      #expect(error?.description.contains("\(folder)/.kube/config") == true)
    }
  }

  @Test(
    "what is wrong is named by file and field",
    arguments: [
      ("current-context: one", "one", "current-context: x", #"contexts has no entry "x""#),
      ("cluster: a,", "one", "cluster: z,", #"clusters has no entry "z"; there are: a, b, c"#),
      ("a.example:6443", "one", "a%0Ab:6443", "not an http(s) URL"),
      ("a.example:6443", "one", "a.example:65536", "not an http(s) URL"),
      ("user: u,", "one", "user: z,", #"users has no entry "z""#),
      ("UEVN", "one", "'!'", "clusters[a].certificate-authority-data is not base64"),
      (#""https://a.example:6443/prefix/""#, "one", "a.example", #"clusters[a].server is "a.example""#),
      (#"server: "https://a.example:6443/prefix/","#, "one", "", "clusters[a].server is not set"),
      (", client-key: /abs/u.key", "one", "", "users[u].client-key is missing"),
      ("client-certificate: u.crt, ", "one", "", "users[u].client-certificate is missing"),
      ("insecure-skip-tls-verify: true", "two", "insecure-skip-tls-verify: sometimes", "insecure-skip-tls-verify"),
      (
        "insecure-skip-tls-verify: true", "two", "insecure-skip-tls-verify: true, certificate-authority: x",
        "clusters[b].insecure-skip-tls-verify contradicts"
      ),
      ("http://p:3128", "two", "socks5://p:3128", "clusters[b].proxy-url"),
      ("interactiveMode: IfAvailable", "four", "interactiveMode: Always", "users[w].exec.interactiveMode"),
      (
        "k8s.io/v1\n", "four", "k8s.io/v1alpha1\n",
        "users[w].exec.apiVersion is \"client.authentication.k8s.io/v1alpha1"
      ),
      ("command: bin/aws", "four", "command: ''", "users[w].exec.command is not set"),
      ("kind: Config", "one", "kind: [", "config"),
    ])
  func wrong(old: String, context: String, new: String, message: String) async throws {
    let text = old.isEmpty ? Self.good : Self.good.replacing(old, with: new)
    try await withFolder(["config": text]) { folder in
      let error = #expect(throws: KubernetesError.self) {
        try ClusterConfiguration.kubeconfig(
          files: ["\(folder)/config"], context: old.hasPrefix("current") ? nil : context)
      }
      let description = error?.description ?? ""
      #expect(description.contains("\(folder)/config"))
      #expect(description.contains(message), "\(description)")
    }
  }

  @Test("a client does not start with a certificate that is none")
  func badCertificate() {
    let configuration = ClusterConfiguration(
      server: ServerAddress(usesTLS: true, host: "h", port: 443), certificateAuthority: .inline([1], origin: "here"))
    let error = #expect(throws: KubernetesError.self) { try RESTClient(configuration, logger: quiet) }
    #expect(error?.description.contains("here holds no certificate") == true)
  }
}
