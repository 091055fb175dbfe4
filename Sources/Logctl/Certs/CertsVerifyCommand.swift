import ArgumentParser
import Certificates
import FoundationEssentials

/// Says whether a certificate would be believed.
struct CertsVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Says whether a certificate would be believed, and if not, why.",
    discussion: """
      Looks at it as a node would that has the authorities of --ca. With --profile, it must pass for one: a node's passes \
      for a server's and a client's too. With --host, it must be for that host name or address. With --key, it must \
      belong to that key. A file with several certificates is a chain, the leaf first.

      Exit code: 0 when it is believed, 1 otherwise.

      Examples:
        logctl certs verify certs/n1.pem
        logctl certs verify certs/n1.pem --profile node --host n1.example.com --key certs/n1-key.pem
        logctl certs verify tls.crt --ca ca.crt --at 2027-01-01T00:00:00Z
      """)

  @Argument(help: ArgumentHelp("The certificate.", valueName: "file"))
  var file: String

  @Option(
    help: ArgumentHelp("The authorities that are trusted. Default: ca.pem beside the certificate.", valueName: "file"))
  var ca: String?

  @Option(help: "What it must pass for.")
  var profile: CertificateProfile?

  @Option(help: ArgumentHelp("What it must be for: a host name or an address.", valueName: "host"))
  var host: String?

  @Option(help: ArgumentHelp("The key that it must belong to.", valueName: "file"))
  var key: String?

  @Option(
    help: ArgumentHelp("When it must be valid, in RFC 3339. Default: now.", valueName: "time"),
    transform: { try PointInTime(argument: $0) })
  var at: PointInTime?

  func run() async throws {
    try await withCertificateErrors {
      let bundlePath = ca ?? AuthorityDirectory(SmallFile.directory(of: file)).bundlePath
      let chain = try CertificateFiles.certificates(file)
      let trust = try CertificateFiles.trust(bundlePath)
      do {
        let verified = try await CertificateVerifier(trust: trust).verify(
          chain, for: requirement(CertificateSummary(chain[0])), now: at?.date ?? Date())
        if let key { try CertificateVerifier.check(CertificateFiles.privateKey(key), belongsTo: chain[0]) }
        try Console.say("\(file): good: \(CertificateSummary(verified.certificates[0]).line)")
      } catch let error as VerificationError {
        Console.complain("\(file): \(error)")
        throw ExitCode(FailureCode.other.rawValue)
      }
    }
  }

  /// Without --profile, it has to pass for what it says that it is.
  private func requirement(_ summary: CertificateSummary) -> PeerRequirement {
    let own = (try? summary.identity.get())?.role
    return PeerRequirement(profile ?? own ?? .client, serverName: host.map { ServerName($0) })
  }
}
