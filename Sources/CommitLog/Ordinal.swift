/// A counter of one kind. Each kind is a type of its own, so that an offset is never taken for an index.
package protocol Ordinal: RawRepresentable<UInt64>, Comparable, Hashable, Sendable, CustomStringConvertible {
  init(_ rawValue: UInt64)
}

extension Ordinal {
  package init(rawValue: UInt64) {
    self.init(rawValue)
  }

  package var description: String { String(rawValue) }

  package static func < (left: Self, right: Self) -> Bool {
    left.rawValue < right.rawValue
  }

  /// The value `distance` further on. Overflow ends the process: what comes from disk or network is checked before.
  package func advanced(by distance: some BinaryInteger) -> Self {
    Self(rawValue + UInt64(distance))
  }
}

/// The place of a record in the log: dense from the log's initial offset.
package struct Offset: Ordinal {
  package let rawValue: UInt64

  package init(_ rawValue: UInt64) {
    self.rawValue = rawValue
  }
}

/// The place of a batch in the log, which is the Raft log: dense, the first batch ever has index 1.
package struct LogIndex: Ordinal {
  package let rawValue: UInt64

  package init(_ rawValue: UInt64) {
    self.rawValue = rawValue
  }
}

/// A Raft term: it never falls along the log.
package struct Term: Ordinal {
  package let rawValue: UInt64

  package init(_ rawValue: UInt64) {
    self.rawValue = rawValue
  }
}

/// A distance in bytes from the start of a file.
package struct FilePosition: Ordinal {
  package let rawValue: UInt64

  package init(_ rawValue: UInt64) {
    self.rawValue = rawValue
  }
}
