import FuzzSupport
import Glibc

@testable import KubernetesClient

extension FuzzTarget {
  static let kubeconfig = FuzzTarget(
    "kubeconfig", maximumBytes: 2048,
    seeds: {
      let token = """
        current-context: a
        clusters:
        - name: c
          cluster: {server: "https://[::1]:6443/path/", certificate-authority-data: AAEC}
        contexts:
        - {name: a, context: {cluster: c, user: u, namespace: n}}
        users:
        - {name: u, user: {token: t}}
        """
      let certificate = """
        current-context: a
        clusters: [{name: c, cluster: {server: "http://host", insecure-skip-tls-verify: true, proxy-url: "http://p:1"}}]
        contexts: [{name: a, context: {cluster: c, user: u}}]
        users: [{name: u, user: {client-certificate: x.pem, client-key-data: "AAEC"}}]
        """
      let plugin = """
        current-context: a
        clusters: [{name: c, cluster: {server: "https://host"}}]
        contexts: [{name: a, context: {cluster: c, user: u}}]
        users:
        - name: u
          user:
            exec:
              apiVersion: client.authentication.k8s.io/v1
              command: ./get
              args: [a]
              env: [{name: B, value: c}]
              interactiveMode: Never
              provideClusterInfo: true
        """
      return [token, certificate, plugin].map { Array($0.utf8) }
    },
    dictionary: [
      "server: ", "certificate-authority-data: ", "insecure-skip-tls-verify: true", "tls-server-name: ", "proxy-url: ",
      "client-certificate-data: ", "client-key: ", "tokenFile: ", "exec: ", "extensions: ", "&a ", "*a", "<<: ",
      "!!binary ",
    ],
    run: { input in
      let path = try scratchFile(input)
      do {
        let configuration = try ClusterConfiguration.kubeconfig(files: [path])
        try require(!configuration.server.host.isEmpty, "a server without a host passes")
        try require(configuration.verifiesServer || configuration.certificateAuthority == nil, "a contradiction passes")
        try require(!configuration.namespace.isEmpty, "an empty namespace passes")
        if let plugin = configuration.execPlugin {
          try require(configuration.bearerToken == nil, "a token and a plugin pass")
          try require(!plugin.command.isEmpty, "a plugin without a command passes")
          try require(ExecPlugin.knownVersions.contains(plugin.apiVersion), "\(plugin.apiVersion) passes")
        }
        return true
      } catch let error as KubernetesError {
        guard case .configuration = error else { throw error }
        return false
      }
    })

  static let serverAddress = FuzzTarget(
    "server-address", maximumBytes: 128,
    seeds: {
      ["https://10.0.0.1:6443", "http://[fe80::1]/api/", "HTTPS://name", "https://a:1/%2F?q#f"].map { Array($0.utf8) }
    }, dictionary: ["https://", "http://", "[::1]", "%", "@", ":65536"],
    run: { input in
      guard let address = ServerAddress(String(decoding: input, as: UTF8.self)) else { return false }
      try require(!address.host.isEmpty, "an address without a host passes")
      try require((1...65_535).contains(address.port), "port \(address.port) passes")
      guard let again = ServerAddress(address.description) else {
        throw Violation("\(address.description) is no address, though it was made of one")
      }
      try require(again == address, "\(address) reads back as \(again)")
      return true
    })

  /// In memory where possible: the disk would set the pace.
  private static func scratchFile(_ bytes: [UInt8]) throws -> String {
    let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    let path = "\(parent)/proglog-fuzz-kubeconfig-\(getpid())"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    try require(
      descriptor >= 0 && write(descriptor, bytes, bytes.count) == bytes.count, "cannot write \(path): \(errno)")
    return path
  }
}
