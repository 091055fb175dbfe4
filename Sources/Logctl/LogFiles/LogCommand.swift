import ArgumentParser
import CommitLog

/// Commands on the files of a log, without a server.
struct LogCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Verifies, prints and repairs the files in a server's data directory.",
    discussion: """
      These commands read the files themselves. verify and dump change nothing and can be used while the server runs; \
      repair needs it stopped.

      Examples:
        logctl log verify /var/lib/proglog
        logctl log dump /var/lib/proglog --from 100 --limit 5
        logctl log repair /var/lib/proglog
      """,
    subcommands: [LogVerifyCommand.self, LogDumpCommand.self, LogRepairCommand.self])
}

/// Ends the process with one line and exit code 1 when `body` fails.
func withLogErrors(_ body: () throws -> Void) throws {
  do { try body() } catch let error as LogError {
    Console.complain("\(error)")
    throw ExitCode(FailureCode.other.rawValue)
  } catch is OutputClosed {
    // Whoever read the output has enough.
  } catch let error as SystemError {
    Console.complain("\(error)")
    throw ExitCode(FailureCode.other.rawValue)
  }
}

extension LogFinding.Kind {
  /// How a finding of the kind is printed.
  var label: String {
    switch self {
    case .note: "note"
    case .repairable: "repairable"
    case .damage: "DAMAGE"
    }
  }
}
