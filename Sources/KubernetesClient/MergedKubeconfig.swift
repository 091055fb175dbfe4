import FoundationEssentials
import Yams

/// Several kubeconfig files as one.
struct MergedKubeconfig {
  /// A cluster, user or context with the place that it came from.
  struct Entry<Value> {
    var value: Value
    var file: String
    /// `clusters[name]`.
    var path: String
  }

  private(set) var currentContext: String?
  private(set) var clusters: [String: Entry<Kubeconfig.Cluster>] = [:]
  private(set) var users: [String: Entry<Kubeconfig.User>] = [:]
  private(set) var contexts: [String: Entry<Kubeconfig.Context>] = [:]
  private let files: [String]

  init(files: [String]) throws(KubernetesError) {
    self.files = files
    for file in files {
      let kubeconfig = try Self.parse(file)
      if currentContext == nil, let name = kubeconfig.currentContext, !name.isEmpty { currentContext = name }
      Self.add(kubeconfig.clusters, "clusters", file, to: &clusters)
      Self.add(kubeconfig.users, "users", file, to: &users)
      Self.add(kubeconfig.contexts, "contexts", file, to: &contexts)
    }
  }

  func entry<Value>(
    _ name: String, in table: KeyPath<Self, [String: Entry<Value>]>, _ field: String
  ) throws(KubernetesError) -> Entry<Value> {
    guard let entry = self[keyPath: table][name] else {
      let known = self[keyPath: table].keys.sorted().joined(separator: ", ")
      throw .configuration(
        "\(files.joined(separator: ":")): \(field) has no entry \"\(name)\"; there are: \(known.isEmpty ? "none" : known)"
      )
    }
    return entry
  }

  private static func add<Value>(
    _ entries: [Kubeconfig.Named<Value>]?, _ field: String, _ file: String, to table: inout [String: Entry<Value>]
  ) {
    for entry in entries ?? [] where table[entry.name] == nil {
      table[entry.name] = Entry(value: entry.value, file: file, path: "\(field)[\(entry.name)]")
    }
  }

  private static func parse(_ file: String) throws(KubernetesError) -> Kubeconfig {
    guard let text = String(validating: try Credential.contents(ofFile: file), as: UTF8.self) else {
      throw .configuration("\(file) is not UTF-8 text")
    }
    do {
      return try YAMLDecoder().decode(Kubeconfig.self, from: text)
    } catch DecodingError.typeMismatch(_, let context), DecodingError.dataCorrupted(let context),
      DecodingError.keyNotFound(_, let context), DecodingError.valueNotFound(_, let context)
    {
      let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
      let cause = context.underlyingError.map { ": \($0)" } ?? ""
      throw .configuration("\(file): \(path.isEmpty ? "" : "\(path): ")\(context.debugDescription)\(cause)")
    } catch {
      throw .configuration("\(file): \(error)")
    }
  }
}

extension MergedKubeconfig.Entry {
  func wrong(_ field: String, _ what: String) -> KubernetesError {
    .configuration("\(file): \(path).\(field) \(what)")
  }

  /// The `-data` form wins over the file form, as in kubectl.
  func credential(
    data: String?, _ dataField: String, file path: String?
  ) throws(KubernetesError) -> Credential? {
    if let data, !data.isEmpty {
      // YAML may fold long values over several lines.
      guard let bytes = Data(base64Encoded: String(data.filter { !$0.isWhitespace })) else {
        throw wrong(dataField, "is not base64")
      }
      return .inline([UInt8](bytes), origin: "\(file): \(self.path).\(dataField)")
    }
    guard let path, !path.isEmpty else { return nil }
    return .file(path: resolve(path))
  }

  /// A path is relative to the folder of the file that names it.
  func resolve(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    guard let slash = file.lastIndex(of: "/") else { return path }
    return "\(file[...slash])\(path)"
  }
}

extension MergedKubeconfig.Entry<Kubeconfig.Cluster> {
  func configuration() throws(KubernetesError) -> ClusterConfiguration {
    guard let server = value.server, !server.isEmpty else { throw wrong("server", "is not set") }
    guard let address = ServerAddress(server) else { throw wrong("server", "is \"\(server)\", not an http(s) URL") }
    let authority = try credential(
      data: value.certificateAuthorityData, "certificate-authority-data", file: value.certificateAuthority)
    let verifies = value.insecureSkipTLSVerify != true
    guard verifies || authority == nil else {
      throw wrong("insecure-skip-tls-verify", "contradicts its certificate-authority: keep one of them")
    }
    var configuration = ClusterConfiguration(
      server: address, certificateAuthority: authority, verifiesServer: verifies)
    if let name = value.tlsServerName, !name.isEmpty { configuration.tlsServerName = name }
    if let proxy = value.proxyURL, !proxy.isEmpty {
      guard let address = ServerAddress(proxy), !address.usesTLS else {
        throw wrong("proxy-url", "is \"\(proxy)\"; only http:// proxies are known")
      }
      configuration.proxy = address
    }
    return configuration
  }
}

extension MergedKubeconfig.Entry<Kubeconfig.User> {
  func clientCertificate() throws(KubernetesError) -> ClientCertificate? {
    let chain = try credential(
      data: value.clientCertificateData, "client-certificate-data", file: value.clientCertificate)
    let key = try credential(data: value.clientKeyData, "client-key-data", file: value.clientKey)
    switch (chain, key) {
    case (nil, nil): return nil
    case (let chain?, let key?): return ClientCertificate(chain: chain, key: key)
    case (_?, nil): throw wrong("client-key", "is missing beside client-certificate")
    case (nil, _?): throw wrong("client-certificate", "is missing beside client-key")
    }
  }

  func bearerToken() throws(KubernetesError) -> Credential? {
    if let path = value.tokenFile, !path.isEmpty { return try credential(data: nil, "", file: path) }
    if let token = value.token, !token.isEmpty { return .inline([UInt8](token.utf8), origin: "\(file): \(path).token") }
    if value.exec != nil { return nil }
    // Without the credential that they would give, every request would be made as nobody: stop here.
    if value.authProvider != nil { throw wrong("auth-provider", "was removed from Kubernetes: use a token") }
    if value.username != nil { throw wrong("username", "asks for basic authentication, which Kubernetes removed") }
    return nil
  }
}
