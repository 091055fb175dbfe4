import ProgLogClient

/// Which servers a command talks to, and how.
struct ServerAccess: Equatable {
  static let addressVariable = "LOGCTL_ADDR"
  static let contextVariable = "LOGCTL_CONTEXT"
  static let defaultAddress = "127.0.0.1:8400"

  var seeds: [NodeAddress]
  var security: ClientSecurity

  /// What was said last counts most: options, then a context that was named by one, then the environment, then the current
  /// context, then the default. TLS is the context's with the options in place of its fields.
  ///
  /// - Throws: ``ProgLogError/invalidAddress(_:reason:)`` or ``ContextError``.
  init(addr: String?, context: String?, tls: TLSFields, environment: Environment, contexts: ContextFile) throws {
    let address = context == nil ? environment.value(Self.addressVariable) : nil
    let name = context ?? environment.value(Self.contextVariable)
    // An address without the name of a context has nothing to do with the one that happens to be current.
    let chosen =
      if let name { try contexts.context(name) } else if addr == nil, address == nil { try contexts.current } else {
        ContextFile.Context?.none
      }
    let addresses = addr.map(Self.split) ?? address.map(Self.split) ?? chosen?.addrs ?? [Self.defaultAddress]
    self.seeds = try Self.seeds(addresses)
    let fields = tls.over(chosen?.tls ?? TLSFields())
    self.security = chosen?.tls == nil && tls == TLSFields() ? .plaintext : .tls(try fields.files)
  }

  static func split(_ text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  static func seeds(_ addresses: [String]) throws(ProgLogError) -> [NodeAddress] {
    var seeds: [NodeAddress] = []
    for address in addresses { seeds.append(try NodeAddress(parsing: address)) }
    return seeds
  }
}

/// What is said of TLS, in a file or on a command line.
struct TLSFields: Equatable {
  var caFile: String?
  var certFile: String?
  var keyFile: String?
  var serverName: String?

  /// These, and the others' where there is none.
  func over(_ others: TLSFields) -> TLSFields {
    TLSFields(
      caFile: self.caFile ?? others.caFile, certFile: self.certFile ?? others.certFile,
      keyFile: self.keyFile ?? others.keyFile, serverName: self.serverName ?? others.serverName)
  }

  /// - Throws: ``ContextError``.
  var files: TLSFiles {
    get throws(ContextError) {
      guard (self.certFile == nil) == (self.keyFile == nil) else {
        throw ContextError(description: "a certificate and its key go together: give both cert-file and key-file")
      }
      return TLSFiles(
        authorities: self.caFile, certificate: self.certFile, privateKey: self.keyFile, serverName: self.serverName)
    }
  }
}
