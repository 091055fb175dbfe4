/// Something in the files of a log that is wrong, or worth knowing.
package struct LogFinding: Hashable, Sendable, CustomStringConvertible {
  package enum Kind: String, Sendable, CaseIterable {
    /// The next opening takes care of it: nothing is lost.
    case note
    /// It follows from other bytes of the log, and a repair makes it anew.
    case repairable
    /// Bytes that were synced are not what was written: records are lost.
    case damage
  }

  package let kind: Kind
  package let file: String
  package let position: FilePosition
  package let what: String

  package var description: String { "\(file) at byte \(position): \(what)" }
}

/// What verifying a segment found.
package struct SegmentReport: Sendable {
  package let file: String
  /// Where it begins by its header; nil when that is unreadable.
  package internal(set) var base: LogEnd?
  /// After its last good batch.
  package internal(set) var end: LogEnd?
  package internal(set) var bytes: UInt64 = 0
  package internal(set) var batches = 0
  package internal(set) var findings: [LogFinding] = []
  /// As of `end`.
  package internal(set) var derived: DerivedState?

  package var isDamaged: Bool { findings.contains { $0.kind == .damage } }

  mutating func add(_ kind: LogFinding.Kind, _ file: String, _ position: FilePosition, _ what: String) {
    findings.append(LogFinding(kind: kind, file: file, position: position, what: what))
  }
}
