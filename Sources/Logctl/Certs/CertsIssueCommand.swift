import ArgumentParser
import Certificates
import FoundationEssentials

/// Makes a certificate.
struct CertsIssueCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "issue",
    abstract: "Makes a certificate and its key, signed by the authority.",
    discussion: """
      Writes NAME.pem and NAME-key.pem beside the authority, or where --out says. The name of a node is its --node-name; \
      that of a client is whom the access control list knows. Nodes and servers need every host name and address at \
      which they are called: clients look at these and at nothing else.

      Examples:
        logctl certs issue --profile node --name n1 --dns n1.example.com --ip ::1
        logctl certs issue --profile client --name root
        logctl certs issue --profile client --name cron --uri spiffe://a.org/cron
        logctl certs issue --profile client --name guest --lifetime 8h
        logctl certs issue --profile admin --name alice --out alice.pem
      """)

  @OptionGroup var authority: AuthorityOptions

  @Option(help: "What it is for.")
  var profile: CertificateProfile

  @Option(help: ArgumentHelp("Whom it is for.", valueName: "name"))
  var name: String

  @Option(help: ArgumentHelp("A host name that it is good for; can be repeated.", valueName: "host"))
  var dns: [String] = []

  @Option(help: ArgumentHelp("An address that it is good for; can be repeated.", valueName: "address"))
  var ip: [String] = []

  @Option(help: ArgumentHelp("A URI that names whom it is for; can be repeated.", valueName: "uri"))
  var uri: [String] = []

  @OptionGroup var lifetime: LifetimeOption

  @Option(help: ArgumentHelp("The file; the key's is named after it.", valueName: "file"))
  var out: String?

  @Flag(help: "Replace files that exist.")
  var force = false

  func validate() throws {
    do { _ = try request() } catch { throw ValidationError("\(error)\(hint(error))") }
  }

  func request() throws(IssuingError) -> CertificateRequest {
    var names: [AlternativeName] = []
    for host in dns { names.append(try AlternativeName(dns: host)) }
    for address in ip { names.append(try AlternativeName(ip: address)) }
    for text in uri { names.append(try AlternativeName(uri: text)) }
    return try CertificateRequest(
      profile: profile, name: name, names: names, lifetime: lifetime.lifetime ?? Lifetime.leaf)
  }

  private func hint(_ error: IssuingError) -> String {
    if case .noHost = error { " (--dns, --ip)" } else { "" }
  }

  func run() async throws {
    try await withCertificateErrors {
      let issued = try authority.directory.issue(
        request(), to: out.map { KeyPairFiles(certificate: $0) }, now: Date(), overwrites: force)
      try Console.say("\(issued.files.certificate): \(CertificateSummary(issued.certificate).line)")
      try Console.say("\(issued.files.key): its key")
    }
  }
}
