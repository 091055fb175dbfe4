import ArgumentParser
import ProgLogClient

/// Shows and chooses clusters that have a name.
struct ContextCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "context",
    abstract: "Shows and chooses the clusters of the configuration file.",
    discussion: """
      A context is the addresses of a cluster and the files for its TLS, under a name. They stand in \
      ~/.config/proglog/config.yaml, or where $\(ContextFile.pathVariable) says:

        current-context: production
        contexts:
          production:
            addrs: [log-0.example.com:8400, log-1.example.com:8400]
            tls:
              ca-file: /home/ada/.config/proglog/ca.pem
              cert-file: /home/ada/.config/proglog/ada.pem
              key-file: /home/ada/.config/proglog/ada-key.pem
              server-name: log.example.com

      Examples:
        logctl context list
        logctl context use production
        logctl context show
        logctl servers --context production
      """,
    subcommands: [ContextListCommand.self, ContextUseCommand.self, ContextShowCommand.self])
}

/// Lists them.
struct ContextListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the contexts; a star marks the current one.",
    discussion: """
      Example:
        logctl context list
      """)

  func run() async throws {
    try await Failure.ending {
      let file = try ContextFile(environment: .process)
      var output = Output(isLive: false)
      try output.write(Array(Self.table(file).utf8))
      try output.flush()
    }
  }

  static func table(_ file: ContextFile) -> String {
    TextTable.text(
      [[" ", "NAME", "ADDRS", "TLS"]]
        + file.contexts.map { context in
          [
            context.name == file.currentName ? "*" : "", context.name, context.addrs.joined(separator: ","),
            context.tls == nil ? "no" : "yes",
          ]
        })
  }
}

/// Chooses one.
struct ContextUseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "use", abstract: "Makes a context the current one.",
    discussion: """
      Changes the line current-context of the configuration file, and nothing else there.

      Example:
        logctl context use production
      """)

  @Argument(help: ArgumentHelp("The context.", valueName: "name"))
  var name: String

  func run() async throws {
    try await Failure.ending {
      let file = try ContextFile(environment: .process)
      try file.use(self.name)
      try Console.say("the current context is \(self.name)")
    }
  }
}

/// Shows one.
struct ContextShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Shows a context, or the current one.",
    discussion: """
      Examples:
        logctl context show
        logctl context show production
      """)

  @Argument(help: ArgumentHelp("The context.", valueName: "name"))
  var name: String?

  func run() async throws {
    try await Failure.ending {
      let file = try ContextFile(environment: .process)
      guard let context = try self.name.map({ try file.context($0) }) ?? file.current else {
        throw ContextError(description: "\(file.path) has no current context: choose one by 'logctl context use NAME'")
      }
      var output = Output(isLive: false)
      try output.write(Array(Self.text(context).utf8))
      try output.flush()
    }
  }

  static func text(_ context: ContextFile.Context) -> String {
    let fields: [(String, String?)] = [
      ("name", context.name), ("addrs", context.addrs.joined(separator: ",")),
      ("tls", context.tls == nil ? "no" : "yes"), ("ca-file", context.tls?.caFile),
      ("cert-file", context.tls?.certFile), ("key-file", context.tls?.keyFile),
      ("server-name", context.tls?.serverName),
    ]
    return TextTable.text(fields.compactMap { name, value in value.map { [name, $0] } })
  }
}
