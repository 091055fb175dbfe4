import ArgumentParser

/// Prints what makes a shell complete logctl's commands and options.
struct CompletionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completion", abstract: "Prints a script that makes a shell complete commands and options.",
    discussion: """
      Examples:
        logctl completion bash > /etc/bash_completion.d/logctl
        logctl completion zsh > ~/.zfunc/_logctl
        logctl completion fish > ~/.config/fish/completions/logctl.fish
      """)

  enum Shell: String, CaseIterable, ExpressibleByArgument {
    case bash
    case zsh
    case fish
  }

  @Argument(help: "bash, zsh or fish.")
  var shell: Shell

  func run() async throws {
    try await Failure.ending {
      guard let shell = CompletionShell(rawValue: self.shell.rawValue) else {
        preconditionFailure("the argument parser does not know \(self.shell)")
      }
      try Console.say(LogctlCommand.completionScript(for: shell))
    }
  }
}
