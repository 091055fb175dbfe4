import ArgumentParser
import Certificates
import FoundationEssentials

/// Shows what is in certificates.
struct CertsShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Shows what is in certificates: for whom and what they are, by whom and until when.",
    discussion: """
      Without a file, it shows the authority and all certificates beside it. A file may have several, as a bundle of \
      authorities does. Whether any of it would be believed is for 'logctl certs verify' to say.

      Examples:
        logctl certs show
        logctl certs show certs/n1.pem
        logctl certs show certs/ca.pem --format json | jq -r .not_after
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text
    case json
  }

  @Argument(help: ArgumentHelp("Files with certificates. Default: all of the authority's.", valueName: "file"))
  var files: [String] = []

  @OptionGroup var authority: AuthorityOptions

  @Option(help: "text: for people; json: an object a line.")
  var format = Format.text

  func run() async throws {
    try await withCertificateErrors {
      var output = Output(isLive: false)
      for file in files.isEmpty ? try own() : files {
        for certificate in try CertificateFiles.certificates(file) {
          let view = CertificateView(CertificateSummary(certificate), file: file, now: Date())
          switch format {
          case .text: try output.write(Array(view.text.utf8))
          case .json: try output.write(try JSONText.line(view.json))
          }
        }
      }
      try output.flush()
    }
  }

  private func own() throws(AuthorityError) -> [String] {
    let directory = authority.directory
    // Says how to make one, if there is none.
    _ = try directory.trust()
    return try [directory.bundlePath] + directory.leaves()
  }
}
