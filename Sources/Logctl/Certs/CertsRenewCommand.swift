import ArgumentParser
import Certificates
import FoundationEssentials

/// Makes certificates anew.
struct CertsRenewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "renew",
    abstract: "Makes certificates anew: the same names, another key, other dates.",
    discussion: """
      A certificate is due when less than a third of its life is left, or when it is not of the authority that signs \
      now; the others are left as they are, so that this can run every day. It gets as long a life as it had. Without \
      a file, all certificates beside the authority are looked at. Servers see by themselves that their files have \
      changed; no connection ends.

      Exit code: 0 when all are good now, 1 when one could not be made.

      Examples:
        logctl certs renew
        logctl certs renew --force certs/n1.pem
        logctl certs renew --dir /secure/proglog /etc/proglog/n1.pem
      """)

  @Argument(help: ArgumentHelp("Certificates. Default: all beside the authority.", valueName: "file"))
  var files: [String] = []

  @OptionGroup var authority: AuthorityOptions

  @Option(help: ArgumentHelp("The key's file, where it is not named after the certificate's.", valueName: "file"))
  var key: String?

  @OptionGroup var lifetime: LifetimeOption

  @Flag(help: "Also those that are not due.")
  var force = false

  func validate() throws {
    if key != nil, files.count != 1 { throw ValidationError("--key goes with one certificate, not \(files.count)") }
  }

  func run() async throws {
    try await withCertificateErrors {
      var isGood = true
      for file in files.isEmpty ? try authority.directory.leaves() : files {
        do { try renew(file) } catch let error as AuthorityError {
          // The others are worth a try.
          Console.complain("\(error)")
          isGood = false
        }
      }
      guard isGood else { throw ExitCode(FailureCode.other.rawValue) }
    }
  }

  private func renew(_ file: String) throws {
    let pair = key.map { KeyPairFiles(certificate: file, key: $0) } ?? KeyPairFiles(certificate: file)
    if let new = try authority.directory.renew(pair, lifetime: lifetime.lifetime, now: Date(), isForced: force) {
      try Console.say("\(file): \(CertificateSummary(new).line)")
    } else {
      let old = try CertificateSummary(AuthorityDirectory.leaf(file))
      try Console.say("\(file): not due, it is good until \(DateText.text(old.notAfter)); --force makes it anew")
    }
  }
}
