/// The names in one directory, in memory and on the platter.
///
/// ext4 and XFS journal changes of names in order, so that a loss of power keeps the first few of them. The contract that the
/// log relies on is weaker, as are other file systems: any of the changes since the last sync of the directory may be lost
/// while later ones are kept. Both are drawn. A rename is one change: its target is there or is not, and it may be durable
/// before the data of its file, which only a sync of that file makes durable. That in turn makes no name durable.
struct DirectoryImage: Sendable {
  enum Entry: Hashable, Sendable {
    case directory
    case file(Int)
  }

  private enum Change: Sendable {
    case add(String, Entry)
    case rename(String, to: String, Entry)
    case remove(String)
  }

  private(set) var names: [String: Entry] = [:]
  private var durable: [String: Entry] = [:]
  private var changes: [Change] = []

  mutating func add(_ name: String, _ entry: Entry) {
    record(.add(name, entry))
  }

  mutating func rename(_ name: String, to target: String) {
    guard let entry = names[name] else { return }
    record(.rename(name, to: target, entry))
  }

  mutating func remove(_ name: String) {
    guard names[name] != nil else { return }
    record(.remove(name))
  }

  mutating func sync() {
    durable = names
    changes = []
  }

  /// What may be found after a loss of power.
  func crashed(_ outcome: inout CrashOutcome) -> DirectoryImage {
    var found = durable
    if !changes.isEmpty {
      if outcome.keeps() {
        for change in changes.prefix(outcome.choice(of: changes.count + 1)) { Self.apply(change, to: &found) }
      } else {
        for change in changes where outcome.keeps() { Self.apply(change, to: &found) }
      }
    }
    var image = DirectoryImage()
    image.names = found
    image.durable = found
    return image
  }

  private mutating func record(_ change: Change) {
    Self.apply(change, to: &names)
    changes.append(change)
  }

  private static func apply(_ change: Change, to names: inout [String: Entry]) {
    switch change {
    case .add(let name, let entry): names[name] = entry
    case .rename(let name, let target, let entry):
      names[target] = entry
      if names[name] == entry { names[name] = nil }
    case .remove(let name): names[name] = nil
    }
  }
}
