package import CommitLog

/// The newest configuration of a log and the one before it, to which a truncation goes back (nats-server#8332).
///
/// Two are enough: a change is only begun when the one before it is committed (thesis §4.1), so in every log all but the
/// newest are.
package struct ConfigurationHistory: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package var index: LogIndex
    package var configuration: Configuration

    package init(index: LogIndex, configuration: Configuration) {
      self.index = index
      self.configuration = configuration
    }
  }

  package private(set) var newest: Entry?
  package private(set) var previous: Entry?

  package init() {}

  /// - Parameter entries: the oldest first.
  package init(_ entries: [Entry]) {
    for entry in entries { append(entry) }
  }

  package mutating func append(_ entry: Entry) {
    if let newest {
      precondition(newest.index < entry.index, "configuration at \(entry.index) after \(newest.index)")
    }
    previous = newest
    newest = entry
  }

  /// - Parameter reverts: false plants a bug: what is cut off stays in force.
  /// - Returns: whether the newest was cut off.
  mutating func truncate(from index: LogIndex, reverts: Bool = true) -> Bool {
    guard let newest, newest.index >= index else { return false }
    guard reverts else {
      self.newest?.index = index.preceding
      return false
    }
    precondition(previous.map { $0.index < index } ?? true, "two configurations cut off at \(index): \(self)")
    self.newest = previous
    previous = nil
    return true
  }
}
