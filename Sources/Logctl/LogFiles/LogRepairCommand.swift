import ArgumentParser
import CommitLog

/// Mends a log that no server has open.
struct LogRepairCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Mends the files of a log whose server is stopped.",
    discussion: """
      Indexes and checkpoints are made anew from the records, and a cut that was under way is finished: nothing is lost \
      that was to stay. Damaged records cannot be: in a cluster, \
      remove the directory and let the server fetch the log from its peers. Only where there is no other copy, \
      --discard-from-damage cuts the log at the first damage; everything from there on is kept in a directory \
      'damaged-N' beside it.

      Exit code: 0 when the log is good now, 1 when damage is left.

      Examples:
        logctl log repair /var/lib/proglog
        logctl log repair --discard-from-damage /var/lib/proglog
      """)

  @Argument(help: ArgumentHelp("The data directory of the server.", valueName: "directory"))
  var directory: String

  @Flag(help: "Cut the log at the first damage. The records from there on are lost to it.")
  var discardFromDamage = false

  func run() throws {
    var isGood = true
    try withLogErrors {
      let outcome = try LogRepair(directory: directory).run(discardingDamage: discardFromDamage)
      var output = Output(isLive: true)
      for finding in outcome.mended { try output.write(line: "mended \(finding)") }
      if let damage = outcome.damage { try output.write(line: "\(damage.kind.label): \(damage)") }
      if let end = outcome.cutTo, let aside = outcome.keptAside {
        try output.write(
          line: "cut: the log ends at offset \(end.nextOffset), index \(end.nextIndex) now; the rest is in \(aside)")
      } else if outcome.damage != nil {
        isGood = false
        try output.write(
          line: """
            Nothing was cut. In a cluster, remove the directory and let the server fetch the log from its peers; \
            without another copy, --discard-from-damage keeps what is before the damage.
            """)
      } else if outcome.mended.isEmpty {
        try output.write(line: "nothing to repair")
      }
      try output.flush()
    }
    if !isGood { throw ExitCode(FailureCode.other.rawValue) }
  }
}
