import ArgumentParser
import Glibc
import ProgLogClient

/// The options of every command that talks to a server.
struct ConnectionOptions: ParsableArguments {
  /// For a first server to be found: who typed a wrong address is to know at once.
  private static let discoveryTimeout = Duration.seconds(1)

  @Option(
    help: ArgumentHelp(
      """
      Nodes of the cluster, separated by commas; one is enough. Default: the context's, $\(ServerAccess.addressVariable), \
      or \(ServerAccess.defaultAddress).
      """, valueName: "host:port"))
  var addr: String?

  @Option(help: ArgumentHelp("How long to wait for an answer.", valueName: "seconds"))
  var timeout: Double = 10

  @Option(
    help: ArgumentHelp(
      "A context of the configuration file (logctl context). Default: $\(ServerAccess.contextVariable), or the current one.",
      valueName: "name"))
  var context: String?

  @OptionGroup(title: "TLS Options") var tls: TLSOptions

  func validate() throws {
    do {
      _ = try ServerAccess.seeds(self.addr.map { ServerAccess.split($0) } ?? [])
    } catch {
      throw ValidationError("--addr: \(error)")
    }
    // A day: more is a mistake, and infinity cannot be a duration.
    guard self.timeout > 0, self.timeout <= 86_400 else {
      throw ValidationError("--timeout must be more than 0 and at most 86400 seconds, not \(self.timeout)")
    }
  }

  /// Runs `body` with a client, and ends the process with one line and the failure's code when it fails.
  func withClient(_ body: @Sendable (ProgLogClient) async throws -> Void) async throws {
    try await self.withServers { servers in
      var configuration = ClientConfiguration(seeds: servers.seeds)
      configuration.security = servers.security
      configuration.timeout = .seconds(self.timeout)
      configuration.attemptTimeout = min(configuration.attemptTimeout, configuration.timeout)
      configuration.discoveryTimeout = min(Self.discoveryTimeout, configuration.timeout)
      try await ProgLogClient.withClient(configuration, body)
    }
  }

  /// Runs `body` with the servers, and ends the process with one line and the failure's code when it fails.
  func withServers(_ body: (ServerAccess) async throws -> Void) async throws {
    try await Failure.ending {
      let environment = Environment.process
      let contexts = try ContextFile(environment: environment)
      try await body(
        try ServerAccess(
          addr: self.addr, context: self.context, tls: self.tls.fields, environment: environment, contexts: contexts))
    }
  }
}

/// The files of TLS as options.
struct TLSOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Certificates of the authorities to trust, PEM. Turns TLS on, as each of these.", valueName: "path"))
  var tlsCaFile: String?

  @Option(help: ArgumentHelp("This client's certificate, PEM.", valueName: "path"))
  var tlsCertFile: String?

  @Option(help: ArgumentHelp("Its private key, PEM.", valueName: "path"))
  var tlsKeyFile: String?

  @Option(
    help: ArgumentHelp(
      "The name that servers' certificates must have, if not the host of the address.", valueName: "name"))
  var tlsServerName: String?

  func validate() throws {
    guard (self.tlsCertFile == nil) == (self.tlsKeyFile == nil) else {
      throw ValidationError("--tls-cert-file and --tls-key-file go together")
    }
  }

  var fields: TLSFields {
    TLSFields(
      caFile: self.tlsCaFile, certFile: self.tlsCertFile, keyFile: self.tlsKeyFile, serverName: self.tlsServerName)
  }
}

/// How a command ends that fails.
enum Failure {
  /// Runs `body`, and ends the process with one line and the failure's code when it fails.
  static func ending(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch is OutputClosed {
      // Whoever read the output has enough: `logctl consume | head`.
    } catch let code as ExitCode {
      // What is to be said has been.
      throw code
    } catch {
      Console.complain("\(error)")
      throw ExitCode(FailureCode(error).rawValue)
    }
  }
}

/// Environment variables.
struct Environment {
  let value: (String) -> String?

  /// Of this process; an empty one counts as none.
  static var process: Environment {
    Environment { name in
      guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { return nil }
      return value
    }
  }
}
