import ArgumentParser
import Glibc
import Telemetry

/// The command line of a ProgLog cluster.
@main
struct LogctlCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logctl",
    abstract: "Produces to, consumes from and administers a ProgLog cluster.",
    discussion: """
      Examples:
        logctl produce "Let's Go"               append a record, print its offset
        logctl consume                          print the whole log
        logctl tail                             print what comes from now on
        logctl consume --from-time -1h          print what was appended in the last hour
        logctl offsets                          show where the log begins and ends
        logctl servers                          show the members and their leader
        logctl cluster status                   show how far each member is, and what is wrong
        logctl log verify DIRECTORY             check the files of a server's log
        logctl certs init                       make an authority for certificates
        logctl acl check root '*' produce       say whether the rules allow it, and why

      The servers are those of --addr, or of --context, or of $\(ServerAccess.addressVariable), or of the current context \
      (logctl context), or \(ServerAccess.defaultAddress). Any node will do: it is asked who the others are.

      Exit codes: \(FailureCode.summary)
      """,
    version: "logctl \(BuildVersion.current)",
    subcommands: [
      ProduceCommand.self, ConsumeCommand.self, TailCommand.self, OffsetsCommand.self, ServersCommand.self,
      MembersCommand.self, ClusterCommand.self, BenchCommand.self, LogCommand.self, CertsCommand.self, ACLCommand.self,
      ContextCommand.self, CompletionCommand.self, VersionCommand.self,
    ])

  static func main() async {
    // A reader that goes away, as `head` does, is seen as EPIPE where it can be handled.
    signal(SIGPIPE, SIG_IGN)
    await self.main(nil)
  }
}

/// Prints the version.
struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Prints the version of logctl.",
    discussion: """
      Example:
        logctl version
      """)

  func run() {
    print("logctl \(BuildVersion.current)")
  }
}
