import ArgumentParser

/// Commands on the files that say who may do what, without a server.
struct ACLCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "acl",
    abstract: "Checks a model and a policy, and explains what they allow.",
    discussion: """
      This command reads the files that the server is given with --acl-model-file and --acl-policy-file. It asks no \
      server.

      Example:
        logctl acl check root '*' produce --model model.conf --policy policy.csv
      """,
    subcommands: [ACLCheckCommand.self])
}
