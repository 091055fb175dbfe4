/// What opening a log found and did.
package struct RecoveryReport: Hashable, Sendable {
  package struct TornTail: Hashable, Sendable {
    package let file: String
    /// Where the last whole batch ends.
    package let position: FilePosition
    package let bytes: UInt64
  }

  package struct Cut: Hashable, Sendable {
    package let file: String
    /// Where the log ended after it.
    package let position: FilePosition
  }

  /// The directory was empty before.
  package internal(set) var created = false
  /// A write that was under way when the process or the machine stopped; it was never acknowledged.
  package internal(set) var tornTail: TornTail?
  /// A cut from the back that was under way.
  package internal(set) var finishedCut: Cut?
  /// The file of votes had two slots that were not the same: its saving was interrupted, or one was damaged.
  package internal(set) var healedVote: String?
  /// Where the log starts that an unfinished reset replaced the old one by.
  package internal(set) var finishedReset: LogEnd?
  /// Files of an unfinished change.
  package internal(set) var removedFiles: [String] = []

  /// One line for each thing worth a line in a server's log.
  package var lines: [String] {
    var lines: [String] = []
    if let tornTail {
      lines.append(
        "cut \(tornTail.bytes) bytes of an unfinished write from \(tornTail.file) at byte \(tornTail.position)")
    }
    if let finishedCut {
      lines.append("finished cutting the log at byte \(finishedCut.position) of \(finishedCut.file)")
    }
    if let healedVote { lines.append("wrote one of the two slots of \(healedVote) anew from the other") }
    if let finishedReset {
      lines.append("replaced the log by one that starts at index \(finishedReset.nextIndex), as was begun")
    }
    lines += removedFiles.map { "removed \($0), left by an unfinished change" }
    return lines
  }
}
