import ArgumentParser
import Certificates
import FoundationEssentials

/// Makes an authority.
struct CertsInitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Makes an authority: a certificate that signs the others, and its key.",
    discussion: """
      Writes ca.pem, which every node and client trusts, and ca-key.pem, which signs. Whoever has the key can make \
      himself a node: keep it off the nodes, where only you read it. An authority that exists is left as it is; to \
      change its key, see 'logctl certs roll'.

      Examples:
        logctl certs init
        logctl certs init --dir /secure/proglog --name "Log CA" --lifetime 1825d
      """)

  @OptionGroup var authority: AuthorityOptions

  @Option(help: ArgumentHelp("Its name; some digits that tell it from the next one follow.", valueName: "name"))
  var name = Self.defaultName

  @OptionGroup var lifetime: LifetimeOption

  @Flag(help: "Replace an authority, whose certificates nobody believes from then on.")
  var force = false

  static let defaultName = "ProgLog CA"

  func run() async throws {
    try await withCertificateErrors {
      let made = try authority.directory.create(
        name: name, lifetime: lifetime.lifetime ?? Lifetime.authority, now: Date(), overwrites: force)
      let summary = CertificateSummary(made.certificate)
      try Console.say("\(authority.directory.bundlePath): \(summary.line)")
      try Console.say("\(authority.directory.keyPath): its key; keep it off the nodes")
    }
  }
}
