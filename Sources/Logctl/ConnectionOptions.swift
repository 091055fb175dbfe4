import ArgumentParser
import Glibc
import ProgLogClient

/// The options of every command that talks to a server.
struct ConnectionOptions: ParsableArguments {
  static let addressVariable = "LOGCTL_ADDR"
  static let defaultAddress = "127.0.0.1:8400"

  @Option(
    help: ArgumentHelp(
      """
      The server; several, separated by commas, are tried in turn. Default: $\(Self.addressVariable), or \
      \(Self.defaultAddress).
      """, valueName: "host:port"))
  var addr: String?

  @Option(help: ArgumentHelp("How long to wait for an answer.", valueName: "seconds"))
  var timeout: Double = 10

  func validate() throws {
    do {
      _ = try self.seeds(environment: nil)
    } catch {
      throw ValidationError("--addr: \(error)")
    }
    // A day: more is a mistake, and infinity cannot be a duration.
    guard self.timeout > 0, self.timeout <= 86_400 else {
      throw ValidationError("--timeout must be more than 0 and at most 86400 seconds, not \(self.timeout)")
    }
  }

  func seeds(environment: String?) throws(ProgLogError) -> [NodeAddress] {
    let text = self.addr ?? environment ?? Self.defaultAddress
    var seeds: [NodeAddress] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      seeds.append(try NodeAddress(parsing: String(part)))
    }
    return seeds
  }

  /// Runs `body` with a client, and ends the process with one line and the failure's code when it fails.
  func withClient(_ body: @Sendable (ProgLogClient) async throws -> Void) async throws {
    try await self.withSeeds { seeds in
      var configuration = ClientConfiguration(seeds: seeds)
      configuration.timeout = .seconds(self.timeout)
      try await ProgLogClient.withClient(configuration, body)
    }
  }

  /// Runs `body` with the addresses of the servers, and ends the process with one line and the failure's code when it
  /// fails.
  func withSeeds(_ body: ([NodeAddress]) async throws -> Void) async throws {
    do {
      try await body(try self.seeds(environment: getenv(Self.addressVariable).map { String(cString: $0) }))
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
