import ArgumentParser
import CommitLog

/// Reads all of a log and says what is wrong.
struct LogVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Reads every byte of a log and checks it.",
    discussion: """
      Prints a line for each segment, and one for each finding with its file and position:
        note        the next opening takes care of it
        repairable  an index or a checkpoint; 'logctl log repair' makes it anew from the records
        DAMAGE      what was synced is not what was written

      It changes nothing and takes no lock. What a running server is writing may look like an unfinished write.
      Exit code: 0 without a finding or with notes only, 1 otherwise.

      Example:
        logctl log verify /var/lib/proglog
      """)

  @Argument(help: ArgumentHelp("The data directory of the server.", valueName: "directory"))
  var directory: String

  func run() throws {
    var worst: LogFinding.Kind?
    try withLogErrors {
      let inspector = try LogInspector(directory: directory)
      var output = Output(isLive: true)
      try output.write(line: "log \(inspector.metadata.incarnation)")
      var batches = 0
      var last: LogEnd?
      try inspector.verify { report in
        try output.write(line: Self.summary(of: report))
        for finding in report.findings {
          try output.write(line: "  \(finding.kind.label): \(finding)")
          if worst != .damage, finding.kind != .note { worst = finding.kind }
        }
        batches += report.batches
        last = report.end ?? last
      }
      let end = last.map { "ends at offset \($0.nextOffset), index \($0.nextIndex), term \($0.lastTerm)" }
      try output.write(line: "\(batches) batches; the log \(end ?? "has no readable segment")")
      try output.flush()
    }
    if worst != nil { throw ExitCode(FailureCode.other.rawValue) }
  }

  private static func summary(of report: SegmentReport) -> String {
    guard let base = report.base, let end = report.end else { return "\(report.file): unreadable" }
    return """
      \(report.file): offsets \(base.nextOffset) up to \(end.nextOffset), indexes \(base.nextIndex) up to \
      \(end.nextIndex), \(report.batches) batches, \(report.bytes) bytes
      """
  }
}

extension Output {
  mutating func write(line: String) throws {
    try write(Array("\(line)\n".utf8))
  }
}
