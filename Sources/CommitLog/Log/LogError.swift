import Glibc

/// What can go wrong with a log. Each description says what, where, and what to do where something can be done.
package enum LogError: Error, Equatable, Sendable {
  case invalidConfiguration(String)
  /// A system call failed.
  case io(operation: String, file: String, errno: Int32)
  /// The disk or the quota is full. The log is as it was before; it may be tried again when there is room.
  case noSpace(file: String)
  /// fsync or fdatasync failed: the kernel may have dropped the pages and marked them clean (the PostgreSQL fsync bug
  /// of 2018), so nothing of this log can be trusted until it is opened anew. End the process.
  case syncFailed(file: String, errno: Int32)
  /// Bytes that had been synced are not what was written. Nothing was changed.
  case damaged(file: String, position: FilePosition, what: String)
  case outOfRange(requested: Offset, start: Offset, end: Offset)
  case indexOutOfRange(requested: LogIndex, start: LogIndex, end: LogIndex)
  /// A batch does not continue the log: index, offset or term.
  case notContiguous(expected: LogEnd, index: LogIndex, baseOffset: Offset, term: Term)
  case batchTooLarge(bytes: Int, limit: Int)
  /// Another process, or another log in this process, has the directory open.
  case locked(directory: String, pid: Int32?)
  case closed
  /// There is no log to look at.
  case notALog(directory: String)
}

extension LogError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .invalidConfiguration(let what): "invalid log configuration: \(what)"
    case .io(let operation, let file, let number): "\(operation) \(file): \(Self.text(number))"
    case .noSpace(let file): "no space left to write \(file): free some space or enlarge the volume"
    case .syncFailed(let file, let number):
      "sync of \(file) failed: \(Self.text(number)); what was written may be lost, the process must end and verify"
    case .damaged(let file, let position, let what):
      "\(file) is damaged at byte \(position): \(what); nothing was changed, restore this replica from another"
    case .outOfRange(let requested, let start, let end):
      "offset \(requested) is outside of the log, which holds \(start) up to but not including \(end)"
    case .indexOutOfRange(let requested, let start, let end):
      "index \(requested) is outside of the log, which holds \(start) up to but not including \(end)"
    case .notContiguous(let expected, let index, let baseOffset, let term):
      "batch with index \(index), base offset \(baseOffset), term \(term) does not continue the log, which expects index "
        + "\(expected.nextIndex), base offset \(expected.nextOffset), term \(expected.lastTerm) or later"
    case .batchTooLarge(let bytes, let limit):
      "batch of \(bytes) bytes is larger than a segment can hold (\(limit) bytes)"
    case .locked(let directory, let pid):
      "\(directory) is in use by \(pid.map { "process \($0)" } ?? "another process"): stop it or use another directory"
    case .closed: "the log is closed"
    case .notALog(let directory): "\(directory) is not the directory of a log: it has no file \(LogMetadata.name)"
    }
  }

  private static func text(_ number: Int32) -> String {
    guard let text = strerror(number) else { return "errno \(number)" }
    return String(cString: text)
  }

  /// The error for a failed call other than a sync.
  static func failed(_ operation: String, _ file: String, errno number: Int32) -> LogError {
    number == ENOSPC || number == EDQUOT
      ? .noSpace(file: file) : .io(operation: operation, file: file, errno: number)
  }
}
