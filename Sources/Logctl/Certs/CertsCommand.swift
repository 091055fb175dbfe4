import ArgumentParser
import Certificates

/// Makes and looks at certificates.
struct CertsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "certs",
    abstract: "Makes an authority and certificates for nodes and clients, and looks at them.",
    discussion: """
      An authority of your own says who is a node and who a client. These commands work on files and talk to no server; \
      nodes and clients see by themselves that their files have changed.

      Profiles:
        node    a member of the cluster: serves clients, calls the other nodes
        server  serves clients and is no member
        client  calls the cluster, and may do what the access control list says
        admin   calls the cluster and may do everything

      Examples:
        logctl certs init
        logctl certs issue --profile node --name n1 --dns n1.example.com
        logctl certs issue --profile client --name root
        logctl certs renew
        logctl certs verify certs/n1.pem --profile node --host n1.example.com
        logctl certs show
        logctl certs roll start
      """,
    subcommands: [
      CertsInitCommand.self, CertsIssueCommand.self, CertsRenewCommand.self, CertsVerifyCommand.self,
      CertsShowCommand.self, CertsRollCommand.self,
    ])
}

/// Where the authority is.
struct AuthorityOptions: ParsableArguments {
  static let defaultDirectory = "certs"

  @Option(help: ArgumentHelp("The directory of the authority.", valueName: "directory"))
  var dir = Self.defaultDirectory

  var directory: AuthorityDirectory { AuthorityDirectory(dir) }
}

/// What of a lifetime is an option.
struct LifetimeOption: ParsableArguments {
  @Option(
    help: ArgumentHelp("How long it is valid, in days, hours, minutes or seconds, such as 90d.", valueName: "time"),
    transform: { try LifetimeArgument(argument: $0).duration })
  var lifetime: Duration?
}

/// Ends the process with one line and exit code 1 when `body` fails.
func withCertificateErrors(_ body: () async throws -> Void) async throws {
  do { try await body() } catch is OutputClosed {
    // Whoever read the output has enough.
  } catch let code as ExitCode {
    // What is to be said has been.
    throw code
  } catch {
    // All of them say what is wrong, where, and what to do.
    Console.complain("\(error)")
    throw ExitCode(FailureCode.other.rawValue)
  }
}

extension CertificateProfile: ExpressibleByArgument {}
