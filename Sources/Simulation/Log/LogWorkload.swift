import CommitLog
import NIOCore
import TestSupport

/// A log on a simulated disk, a model beside it, and random actions on both.
struct LogWorkload {
  static let directory = "/data/log"

  let seed: UInt64
  let configuration: Log.Configuration
  let defect: PlantedDefect?
  let transcript: Transcript?
  private(set) var disk: SimulatedDisk
  var model: LogModel
  /// The model while the last action was under way: a stop then may find it done or not.
  private(set) var modelDuringAction: LogModel
  var statistics = SimulationStatistics()
  private(set) var log: Log?
  var random: SeededGenerator
  private var generator: BatchGenerator
  private var faultsSeen = 0

  /// Why an action did not end well.
  enum Interruption: Error {
    /// The disk stopped, as planned.
    case stopped
    /// A promise was broken.
    case broken(String)
  }

  init(seed: UInt64, defect: PlantedDefect?, transcript: Transcript?) {
    self.seed = seed
    self.defect = defect
    self.transcript = transcript
    random = SeededGenerator(seed: seed)
    // Most segments are so small that a few batches fill one; some so large that an index has several entries.
    let isLarge = Int.random(in: 0..<4, using: &random) == 0
    configuration = Log.Configuration(
      maximumStoreBytes: isLarge ? 20 << 10 : Int.random(in: 1024...4096, using: &random),
      maximumIndexBytes: Int.random(in: 88...(isLarge ? 500 : 200), using: &random),
      preallocationBytes: Int.random(in: 1...(isLarge ? 10_000 : 3000), using: &random),
      zeroedAheadBytes: Bool.random(using: &random) ? 0 : Int.random(in: 1...(isLarge ? 20_000 : 4000), using: &random),
      tailCacheBytes: Bool.random(using: &random) ? 0 : 8 << 10,
      initialOffset: Offset(Bool.random(using: &random) ? 0 : UInt64.random(in: 1...1 << 40, using: &random)))
    generator = BatchGenerator(largestValue: isLarge ? 3000 : 400)
    model = LogModel(initialOffset: configuration.initialOffset)
    modelDuringAction = model
    disk = SimulatedDisk(seed: seed, transcript: transcript)
  }

  /// The same workload, of which only the disk and the model are left.
  func continued(on disk: SimulatedDisk, _ model: LogModel, seed: UInt64, transcript: Transcript?) -> LogWorkload {
    LogWorkload(continuing: self, on: disk, model, seed: seed, transcript: transcript)
  }

  private init(
    continuing other: LogWorkload, on disk: SimulatedDisk, _ model: LogModel, seed: UInt64, transcript: Transcript?
  ) {
    self.seed = seed
    self.transcript = transcript
    self.disk = disk
    self.model = model
    modelDuringAction = model
    defect = other.defect
    configuration = other.configuration
    generator = other.generator
    random = SeededGenerator(seed: seed)
  }

  // MARK: Opening and ending

  /// Opens the log and compares it with the model.
  mutating func open() throws(Interruption) {
    log = nil
    // An error that was planned comes once; the next attempt meets another, or none.
    for _ in 0..<8 {
      transcript?.add("open")
      let opened: Log
      do throws(LogError) {
        opened = try Log(
          directory: Self.directory, configuration: configuration, fileSystem: defect?.applied(to: disk) ?? disk)
      } catch {
        transcript?.add("  \(error)")
        if disk.isStopped { throw .stopped }
        guard metFault() else { throw .broken("the log does not open: \(error)") }
        continue
      }
      try compareReopened(opened)
      log = opened
      return
    }
    throw .broken("the log does not open though no error is left to meet")
  }

  private mutating func compareReopened(_ log: Log) throws(Interruption) {
    statistics.reopenings += 1
    if log.recovery.tornTail != nil { statistics.tornTails += 1 }
    if log.recovery.finishedCut != nil { statistics.finishedCuts += 1 }
    if log.recovery.finishedReset != nil { statistics.finishedResets += 1 }
    if let difference = model.reopen(log) { throw .broken("after opening, \(difference)") }
    try compare(log)
    statistics.rebuiltIndexes += log.rebuiltIndexes
  }

  /// Compares all that can be read with the model.
  mutating func compare() throws(Interruption) {
    if let log { try compare(log) }
  }

  private mutating func compare(_ log: Log) throws(Interruption) {
    while true {
      do throws(LogCheck.Failure) {
        return try LogCheck(log: log, model: model).run(&random)
      } catch {
        if disk.isStopped { throw .stopped }
        switch error {
        case .differs(let what): throw .broken(what)
        case .error(let error):
          // A read may have to make an index anew, and meet an error of the disk; the next one goes on.
          guard metFault() else { throw .broken("a read failed: \(error)") }
        }
      }
    }
  }

  mutating func close() throws(Interruption) {
    if log == nil { try open() }
    do throws(LogError) { try log?.close() } catch { throw .broken("the log does not close: \(error)") }
    log = nil
    model.flush()
  }

  mutating func losePower() {
    transcript?.add("the power is lost")
    log = nil
    model.crash()
    disk = SimulatedDisk(seed: random.next(), image: disk.image.afterCrash(seed: random.next()), transcript: transcript)
    faultsSeen = 0
    statistics.crashes += 1
  }

  mutating func kill() {
    transcript?.add("the process is killed")
    log = nil
    model.kill()
    disk = disk.afterKill(seed: random.next())
    faultsSeen = 0
    statistics.kills += 1
  }

  /// Plans an error, or a disk with little room, for some time to come.
  mutating func planFault(withinSteps steps: Int) {
    let step = disk.step + Int.random(in: 1...steps, using: &random)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: disk.plan(.noSpace, atStep: step)
    case 1: disk.capacityBytes = disk.usedBytes + Int.random(in: 0...10, using: &random) * FileImage.blockBytes
    default: disk.plan(.inputOutputError, atStep: step)
    }
  }

  /// Whether an error was met that explains the one just seen.
  private mutating func metFault() -> Bool {
    let met = disk.faultsMet
    defer { faultsSeen = met.count }
    for (fault, operation) in met.dropFirst(faultsSeen) {
      switch fault {
      case .stop: continue
      case .inputOutputError: statistics.faultsMet["EIO: \(operation.rawValue)", default: 0] += 1
      case .noSpace: statistics.faultsMet["ENOSPC: \(operation.rawValue)", default: 0] += 1
      }
    }
    return met.count > faultsSeen
  }

  // MARK: Actions

  /// Does something.
  mutating func act() throws(Interruption) {
    modelDuringAction = model
    statistics.actions += 1
    guard let log else { return try open() }
    if Int.random(in: 0..<10, using: &random) == 0 { disk.capacityBytes = nil }
    do throws(LogError) {
      try act(on: log)
      _ = metFault()
    } catch {
      transcript?.add("  \(error)")
      if disk.isStopped { throw .stopped }
      guard metFault() else { throw .broken("an action failed for no reason: \(error)") }
      try outlive(error, log)
    }
  }

  private mutating func act(on log: Log) throws(LogError) {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<50: try append(to: log)
    case 50..<70:
      transcript?.add("flush")
      try log.flush()
      model.flush()
    case 70..<76:
      transcript?.add("mark")
      log.mark()
    case 76..<84: try truncate(log)
    case 84..<92: try remove(log)
    case 92: try setClusterID(log)
    case 93: try reset(log)
    case 94..<96: try saveVote(log)
    case 96..<98:
      transcript?.add("close")
      try log.close()
      model.flush()
      model.crash()
      self.log = nil
    default: kill()
    }
  }

  private mutating func begin(_ change: LogModel.Change) {
    model.begin(change)
    modelDuringAction = model
  }

  private mutating func append(to log: Log) throws(LogError) {
    let count = Int.random(in: 0..<3, using: &random) == 0 ? Int.random(in: 2...8, using: &random) : 1
    let batches = generator.batches(count, after: model.end, &random)
    transcript?.add("append \(count) batches from index \(model.end.nextIndex)")
    begin(.append(batches))
    try log.append(batches)
    model.complete()
  }

  private mutating func truncate(_ log: Log) throws(LogError) {
    // Mostly the last few, as a new leader does.
    let most = Bool.random(using: &random) ? model.batches.count - model.removedCount : 3
    let keep = max(model.removedCount, model.batches.count - Int.random(in: 0...max(0, most), using: &random))
    guard keep < model.batches.count else { return }
    transcript?.add("truncate from index \(keep + 1)")
    begin(.cut(to: keep))
    try log.truncate(from: LogIndex(UInt64(keep + 1)))
    model.complete()
  }

  private mutating func remove(_ log: Log) throws(LogError) {
    let offset = Offset(
      UInt64.random(in: model.start.nextOffset.rawValue...model.end.nextOffset.rawValue, using: &random))
    transcript?.add("remove what is before offset \(offset)")
    begin(.remove(before: offset))
    model.removed(upTo: try log.removeSegments(before: offset))
    model.complete()
  }

  /// Another leader's log, which parts from this one before its end, and no longer has what comes before its start.
  private mutating func reset(_ log: Log) throws(LogError) {
    let common = model.batches.prefix(Int.random(in: 0...model.batches.count, using: &random))
    let missing = Int.random(in: 1...12, using: &random)
    let history = common + generator.batches(missing, after: model.ends[common.count], &random)
    guard let last = history.last else { return }
    let start = LogEnd(nextIndex: last.index.advanced(by: 1), nextOffset: last.nextOffset, lastTerm: last.term)
    transcript?.add("reset to index \(start.nextIndex)")
    var state = DerivedState()
    for batch in history { state.apply(batch) }
    begin(.reset(behind: Array(history)))
    try log.reset(to: start, state: state)
    model.complete()
  }

  private mutating func saveVote(_ log: Log) throws(LogError) {
    let bytes = Int.random(in: 0...300, using: &random)
    transcript?.add("save a vote of \(bytes) bytes")
    let vote = ByteBuffer(repeating: UInt8.random(in: 0...255, using: &random), count: bytes)
    begin(.saveVote(vote))
    try log.saveVote(vote)
    model.complete()
  }

  private mutating func setClusterID(_ log: Log) throws(LogError) {
    guard model.clusterID == nil else { return }
    let id = "cluster \(seed)"
    transcript?.add("set the cluster id")
    begin(.setClusterID(id))
    try log.setClusterID(id)
    model.complete()
  }

  /// After an error: the log has failed for good, or it is as it was.
  private mutating func outlive(_ error: LogError, _ log: Log) throws(Interruption) {
    guard log.hasFailed else {
      if case .syncFailed = error { throw .broken("a sync failed, and the log goes on: \(error)") }
      statistics.refusals += 1
      guard model.refuse(start: log.start), log.acceptedEnd == model.end, log.flushedEnd == model.flushedEnd else {
        throw .broken(
          "a refused change has left the log at \(log.start) to \(log.acceptedEnd) and not at \(model.start) to \(model.end)"
        )
      }
      return
    }
    statistics.failures += 1
    let next = generator.batches(1, after: log.acceptedEnd, &random)
    do throws(LogError) {
      try log.append(next)
    } catch {
      if Bool.random(using: &random) { kill() } else { losePower() }
      return
    }
    throw .broken("a log that has failed takes batches")
  }
}
