package import CommitLog

/// The newest configuration of a log and those before it, to which a truncation goes back (nats-server#8332).
///
/// A change is only begun when the one before it is committed (thesis §4.1), so a conflict cuts off the newest at most. A
/// full disk can cut off more: whatever was not written yet.
package struct ConfigurationHistory: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package var index: LogIndex
    package var configuration: Configuration

    package init(index: LogIndex, configuration: Configuration) {
      self.index = index
      self.configuration = configuration
    }
  }

  /// The oldest first.
  private var entries: [Entry] = []

  package var newest: Entry? { entries.last }
  package var previous: Entry? { entries.dropLast().last }

  package init() {}

  /// - Parameter entries: the oldest first.
  package init(_ entries: [Entry]) {
    for entry in entries { append(entry) }
  }

  package mutating func append(_ entry: Entry) {
    if let newest {
      precondition(newest.index < entry.index, "configuration at \(entry.index) after \(newest.index)")
    }
    entries.append(entry)
  }

  /// Forgets those to which nothing goes back, for what is before `index` stays; the newest two are kept.
  mutating func forget(before index: LogIndex) {
    while entries.count > 2, entries[1].index < index { entries.removeFirst() }
  }

  /// - Parameter reverts: false plants a bug: what is cut off stays in force.
  /// - Returns: whether the newest was cut off.
  mutating func truncate(from index: LogIndex, reverts: Bool = true) -> Bool {
    guard let newest, newest.index >= index else { return false }
    entries.removeAll { $0.index >= index }
    if !reverts { entries.append(Entry(index: index.preceding, configuration: newest.configuration)) }
    return reverts
  }
}
