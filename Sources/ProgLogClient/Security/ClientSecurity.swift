/// How connections to the servers are secured.
public enum ClientSecurity: Sendable, Hashable {
  /// Not at all: whoever is on the way reads and changes what is sent.
  case plaintext
  /// TLS 1.2 or later, with what stands in files.
  case tls(TLSFiles)
  /// TLS 1.2 or later, with what is in memory already, as for a program that has it from an API.
  case contents(TLSContents)
}

/// PEM files for TLS. They are read again when a connection fails and when the servers are asked for; once they are others,
/// connections are made with the new ones, and those that are open stay until their calls have ended.
public struct TLSFiles: Sendable, Hashable {
  /// Certificates of the authorities that servers' certificates must come from; `nil`: the system's.
  public var authorities: String?
  /// The client's certificate, followed by those between it and its authority; `nil`: the client shows none.
  public var certificate: String?
  /// Its private key.
  public var privateKey: String?
  /// The name that the servers' certificates must have, when it is not the host that is connected to.
  public var serverName: String?

  /// Names the files.
  ///
  /// - Precondition: a certificate and its key come together.
  public init(
    authorities: String? = nil, certificate: String? = nil, privateKey: String? = nil, serverName: String? = nil
  ) {
    precondition((certificate == nil) == (privateKey == nil), "a certificate is of use with its private key only")
    self.authorities = authorities
    self.certificate = certificate
    self.privateKey = privateKey
    self.serverName = serverName
  }
}

/// PEM texts for TLS, for clients whose certificates are in no files. They stay what they are: for others, make another client.
public struct TLSContents: Sendable, Hashable {
  /// Certificates of the authorities that servers' certificates must come from; `nil`: the system's.
  public var authorities: String?
  /// The client's certificate, followed by those between it and its authority; `nil`: the client shows none.
  public var certificate: String?
  /// Its private key.
  public var privateKey: String?
  /// The name that the servers' certificates must have, and by which calls name the server (`:authority`), when it is not the
  /// host that is connected to.
  public var serverName: String?

  /// - Precondition: a certificate and its key come together.
  public init(
    authorities: String? = nil, certificate: String? = nil, privateKey: String? = nil, serverName: String? = nil
  ) {
    precondition((certificate == nil) == (privateKey == nil), "a certificate is of use with its private key only")
    self.authorities = authorities
    self.certificate = certificate
    self.privateKey = privateKey
    self.serverName = serverName
  }
}

/// A private key is not for a log: descriptions leave it out.
extension TLSContents: CustomStringConvertible, CustomReflectable {
  /// Without certificates and key.
  public var description: String {
    "TLSContents(serverName: \(self.serverName ?? "none"), certificate: \(self.certificate == nil ? "none" : "given"))"
  }

  /// As the description.
  public var customMirror: Mirror { Mirror(self, children: ["description": self.description]) }
}
