import ArgumentParser
import Certificates
import FoundationEssentials

/// Changes the key of the authority.
struct CertsRollCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roll",
    abstract: "Changes the key of the authority in stages, without a connection that is refused.",
    discussion: """
      Between two steps, what has changed has to reach all nodes and clients:

        logctl certs roll start    trusts a new authority too; the old one signs
                                   -> bring ca.pem to all nodes and clients
        logctl certs roll switch   lets the new one sign
                                   -> 'logctl certs renew', and bring the
                                      certificates and keys to where they are used
        logctl certs roll finish   trusts the new one only, deletes the old key
                                   -> bring ca.pem to all nodes and clients

      'logctl certs roll status' says where it is. Before the switch, 'logctl certs roll abort' takes it back.

      Examples:
        logctl certs roll start --dir /secure/proglog
        logctl certs roll status
      """,
    subcommands: [Start.self, Switch.self, Finish.self, Abort.self, Status.self])

  /// The first step.
  struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a new authority, to be trusted beside the old one.",
      discussion: """
        Example:
          logctl certs roll start --dir /secure/proglog
        """)

    @OptionGroup var authority: AuthorityOptions

    @Option(help: ArgumentHelp("Its name; some digits that tell it from the old one follow.", valueName: "name"))
    var name = CertsInitCommand.defaultName

    @OptionGroup var lifetime: LifetimeOption

    func run() async throws {
      try await withCertificateErrors {
        let new = try authority.directory.startRoll(
          name: name, lifetime: lifetime.lifetime ?? Lifetime.authority, now: Date())
        try Console.say("\(authority.directory.bundlePath): now also \(CertificateSummary(new.certificate).line)")
        try Console.say("Next: bring it to all nodes and clients, then 'logctl certs roll switch'.")
      }
    }
  }

  /// The second step.
  struct Switch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lets the new authority sign, once everybody trusts it.",
      discussion: """
        Example:
          logctl certs roll switch
          logctl certs renew
        """)

    @OptionGroup var authority: AuthorityOptions

    func run() async throws {
      try await withCertificateErrors {
        let new = try authority.directory.switchRoll()
        try Console.say("From now on signs \(CertificateSummary(new.certificate).line).")
        try Console.say(
          """
          Next: make all certificates anew with 'logctl certs renew', bring them to where they are used, then \
          'logctl certs roll finish'.
          """)
      }
    }
  }

  /// The last step.
  struct Finish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Drops the old authority, once nobody shows a certificate of it.",
      discussion: """
        It looks at the certificates beside the authority, and cannot know of others: see the expiry metrics of the nodes.

        Example:
          logctl certs roll finish
        """)

    @OptionGroup var authority: AuthorityOptions

    @Flag(help: "Also when certificates beside it are of the old authority.")
    var force = false

    func run() async throws {
      try await withCertificateErrors {
        let new = try authority.directory.finishRoll(isForced: force)
        try Console.say("\(authority.directory.bundlePath): now only \(CertificateSummary(new.certificate).line)")
        try Console.say("Next: bring it to all nodes and clients.")
      }
    }
  }

  /// The way back.
  struct Abort: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Takes the new authority out again, before it has signed anything.",
      discussion: """
        Example:
          logctl certs roll abort
        """)

    @OptionGroup var authority: AuthorityOptions

    func run() async throws {
      try await withCertificateErrors {
        try authority.directory.abortRoll()
        try Console.say("\(authority.directory.bundlePath): now only the old authority again")
      }
    }
  }

  /// Where it is.
  struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says how far the roll is.",
      discussion: """
        Example:
          logctl certs roll status
        """)

    @OptionGroup var authority: AuthorityOptions

    func run() async throws {
      try await withCertificateErrors {
        let signing = try authority.directory.authority().certificate
        let stage = authority.directory.rollStage()
        try Console.say("\(stage): \(stage.next)")
        for certificate in try authority.directory.trust().authorities {
          let line = CertificateSummary(certificate).line
          try Console.say("\(certificate == signing ? "signs" : "is trusted"): \(line)")
        }
      }
    }
  }
}
