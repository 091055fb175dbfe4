import Glibc
import NIOCore

/// Mends the files of a log that no process has open.
///
/// Without loss: indexes and checkpoints, which follow from the batches, are made anew, and a cut that was under way is
/// finished. With it, when asked: the log is cut at the first damage, and what is cut off is kept aside. A replica of a cluster
/// is better replaced than cut: its peers have the records.
package struct LogRepair {
  private let inspector: LogInspector
  private let lock: DirectoryLock

  private var directory: Directory { inspector.directory }

  /// - Throws: `locked` while a process has the log open.
  package init(directory path: String, fileSystem: any FileSystem = DiskFileSystem()) throws(LogError) {
    // First without the lock, which would make a file in a directory that is no log.
    _ = try LogInspector(directory: path, fileSystem: fileSystem)
    lock = try DirectoryLock(Directory(existing: path, in: fileSystem))
    inspector = try LogInspector(directory: path, fileSystem: fileSystem)
  }

  /// The same log once more, as it is now.
  private init(again repair: LogRepair) throws(LogError) {
    lock = repair.lock
    inspector = try LogInspector(directory: repair.directory.path, fileSystem: repair.directory.fileSystem)
  }

  package struct Outcome: Sendable {
    /// What was mended, or finished.
    package fileprivate(set) var mended: [LogFinding] = []
    /// Where the log was cut, or would have to be.
    package fileprivate(set) var damage: LogFinding?
    /// The log ends here now: records from its offset on are gone.
    package fileprivate(set) var cutTo: LogEnd?
    /// Where the bytes are that were cut off.
    package fileprivate(set) var keptAside: String?
  }

  /// - Parameter discardingDamage: whether the log is to be cut at the first damage.
  package func run(discardingDamage: Bool) throws -> Outcome {
    if let damage = inspector.voteDamage {
      guard discardingDamage else { return Outcome(damage: damage) }
      throw LogError.damaged(
        file: damage.file, position: damage.position,
        what: damage.what + "; no repair can know it, and a node that votes twice splits the cluster")
    }
    if let damage = inspector.noteDamage.first, discardingDamage {
      let finding = try discardNote(damage)
      var outcome = try LogRepair(again: self).run(discardingDamage: true)
      outcome.mended.insert(finding, at: 0)
      return outcome
    }
    var outcome = Outcome()
    // Up to the one that is damaged: what is behind it cannot stay.
    var reports: [SegmentReport] = []
    try inspector.verify { report in
      guard reports.last?.isDamaged != true else { return }
      reports.append(report)
    }
    outcome.mended = reports.flatMap(\.findings).filter { $0.kind == .repairable }
    // The lowest place: two findings in one segment need not come in order.
    outcome.damage = reports.last?.findings.filter { $0.kind == .damage }.min { $0.position < $1.position }
    for finding in outcome.mended { try mend(finding, in: reports) }
    if let damage = outcome.damage {
      if discardingDamage { try cut(reports, at: damage, &outcome) }
    } else if let intent = inspector.pendingCut {
      try intent.redo(in: directory)
      outcome.mended += reports.flatMap(\.findings).filter { $0.file == directory.path(of: CutIntent.name) }
    }
    return outcome
  }

  /// Without its note, the log is judged by what its segments hold: perhaps it is longer than its owner wanted, which a replica
  /// finds out as it did before.
  private func discardNote(_ damage: LogFinding) throws(LogError) -> LogFinding {
    let aside = try makeDirectoryAside()
    let name = String(damage.file.split(separator: "/").last ?? "")
    try keep(name, in: aside)
    try directory.fileSystem.syncDirectory(aside)
    try directory.remove(name)
    try directory.sync()
    return LogFinding(
      kind: damage.kind, file: damage.file, position: damage.position, what: damage.what + "; it is in \(aside) now")
  }

  private func mend(_ finding: LogFinding, in reports: [SegmentReport]) throws(LogError) {
    let name = String(finding.file.split(separator: "/").last ?? "")
    if let base = Store.baseIndex(ofName: name, suffix: Index.suffix) {
      let store = try Store.open(in: directory, base: base, incarnation: inspector.metadata.incarnation)
      _ = try Index.make(of: store, in: directory)
    } else if let place = reports.firstIndex(where: { $0.file == finding.file }), place > 0,
      let state = reports[place - 1].derived
    {
      let file = try directory.open(name, .existing)
      try file.write([state.encoded()], at: UInt64(StoreHeader.bytes))
      try file.sync()
    }
  }

  /// Keeps a copy of everything from the damage on, then removes the later segments, the newest first, and cuts this one. A
  /// crash in the middle leaves a log that is damaged still and can be repaired again.
  private func cut(_ reports: [SegmentReport], at damage: LogFinding, _ outcome: inout Outcome) throws(LogError) {
    // Those that a pending cut was to remove are behind the damage too.
    let bases = try LogState.storeBases(directory)[(reports.count - 1)...]
    let store = try storeToCut(bases, at: damage)
    guard store != nil || reports.count > 1 else {
      throw .damaged(
        file: damage.file, position: damage.position,
        what: "nothing before the damage is left to keep: remove the directory and restore the log from another replica"
      )
    }
    let aside = try makeDirectoryAside()
    for base in bases { try keep(Store.name(base), in: aside) }
    try directory.fileSystem.syncDirectory(aside)
    for base in bases.dropFirst(store == nil ? 0 : 1).reversed() {
      try Store.removeFiles(base: base, in: directory)
    }
    outcome.keptAside = aside
    if let store {
      outcome.cutTo = try cut(store, at: damage.position)
    } else {
      outcome.cutTo = reports[reports.count - 2].end
    }
    // Last: a pending cut is behind the damage, and until this one is done the log is damaged with its note or without.
    try CutIntent.remove(in: directory)
  }

  /// The damaged store, when its header and checkpoint are good and stand where they should.
  private func storeToCut(_ bases: ArraySlice<LogIndex>, at damage: LogFinding) throws(LogError) -> Store? {
    guard let base = bases.first, damage.position >= FilePosition(UInt64(StoreHeader.bytes)) else { return nil }
    let store = try Store.open(in: directory, base: base, incarnation: inspector.metadata.incarnation)
    return damage.position >= store.firstPosition ? store : nil
  }

  /// Cuts a store before the batch at `position`, and gives the end of the log then.
  private func cut(_ store: Store, at position: FilePosition) throws(LogError) -> LogEnd {
    var cursor = store.scan(to: position)
    while case .batch = try cursor.next() {}
    try store.cut(at: position)
    // That of the last segment is made anew when the log is opened.
    try directory.remove(Store.name(store.header.base.nextIndex, suffix: Index.suffix))
    try directory.sync()
    return cursor.expected ?? store.header.base
  }

  private func makeDirectoryAside() throws(LogError) -> String {
    for number in 1...1000 {
      let path = directory.path(of: "damaged-\(number)")
      if case .made = try directory.fileSystem.makeDirectory(path) {
        try directory.sync()
        return path
      }
    }
    throw .io(operation: "make directory", file: directory.path(of: "damaged-1000"), errno: EEXIST)
  }

  private func keep(_ name: String, in aside: String) throws(LogError) {
    let source = try directory.open(name, .reading)
    let copy = try directory.fileSystem.open(aside + "/" + name, .created)
    var position: UInt64 = 0
    while true {
      let bytes = try source.read(at: position, count: StoreCursor.scanWindow)
      guard bytes.readableBytes > 0 else { break }
      try copy.write([bytes], at: position)
      position += UInt64(bytes.readableBytes)
    }
    try copy.sync()
  }
}
