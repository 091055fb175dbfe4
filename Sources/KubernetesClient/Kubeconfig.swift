/// A kubeconfig file as YAML gives it; what we have no use for is left out.
struct Kubeconfig: Decodable {
  struct Named<Value: Decodable>: Decodable {
    var name: String
    var value: Value

    private struct Field: CodingKey {
      var stringValue: String
      var intValue: Int? { nil }
      init(_ name: String) { stringValue = name }
      init?(stringValue: String) { self.init(stringValue) }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: Field.self)
      name = try fields.decode(String.self, forKey: Field("name"))
      // The member beside the name says what is named: `cluster`, `user` or `context`.
      let kind = fields.allKeys.first { $0.stringValue != "name" && $0.stringValue != "extensions" }
      value = try fields.decode(Value.self, forKey: kind ?? Field("cluster, user or context"))
    }
  }

  struct Cluster: Decodable {
    var server: String?
    var certificateAuthority: String?
    var certificateAuthorityData: String?
    var insecureSkipTLSVerify: Bool?
    var tlsServerName: String?
    var proxyURL: String?

    enum CodingKeys: String, CodingKey {
      case server
      case certificateAuthority = "certificate-authority"
      case certificateAuthorityData = "certificate-authority-data"
      case insecureSkipTLSVerify = "insecure-skip-tls-verify"
      case tlsServerName = "tls-server-name"
      case proxyURL = "proxy-url"
    }
  }

  struct User: Decodable {
    var clientCertificate: String?
    var clientCertificateData: String?
    var clientKey: String?
    var clientKeyData: String?
    var token: String?
    var tokenFile: String?
    var exec: Exec?
    /// Only whether it is there counts for these.
    var authProvider: Unread?
    var username: String?

    enum CodingKeys: String, CodingKey {
      case token, tokenFile, exec, username
      case clientCertificate = "client-certificate"
      case clientCertificateData = "client-certificate-data"
      case clientKey = "client-key"
      case clientKeyData = "client-key-data"
      case authProvider = "auth-provider"
    }
  }

  struct Exec: Decodable {
    var apiVersion: String?
    var command: String?
    var args: [String]?
    var env: [ExecPlugin.Variable]?
    var provideClusterInfo: Bool?
    var interactiveMode: String?
    var installHint: String?
  }

  struct Unread: Decodable {
    init(from decoder: any Decoder) {}
  }

  struct Context: Decodable {
    var cluster: String
    var user: String?
    var namespace: String?
  }

  var clusters: [Named<Cluster>]?
  var users: [Named<User>]?
  var contexts: [Named<Context>]?
  var currentContext: String?

  enum CodingKeys: String, CodingKey {
    case clusters, users, contexts
    case currentContext = "current-context"
  }
}
