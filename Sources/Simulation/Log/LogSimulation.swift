import CommitLog
import TestSupport

/// Crash tests of the commit log: a workload drawn from a seed, the power lost at every one of its storage operations.
///
/// In the middle of each operation, after it, and after each action, the disk is copied. Each copy loses what a loss of power
/// may lose, several times in different ways, is opened, compared with the model, worked on a little and stopped again, in
/// the middle of recovery too. Half of the workloads meet errors of the disk as well; the others end with bits that flip.
package struct LogSimulation {
  package struct Options: Sendable {
    /// Actions of a workload, at most.
    package var actions = 30
    /// Ways of losing the power, for each moment.
    package var outcomes = 2
    /// Of the moments within actions, how many are examined, in percent: each one, or some for a short run.
    package var examinedPercent = 100
    /// Bits flipped, one at a time.
    package var flips = 16
    package var defect: PlantedDefect?

    package init() {}
  }

  private let seed: UInt64
  private let options: Options
  private let transcript: Transcript?
  private var workload: LogWorkload
  private var random: SeededGenerator
  /// Of what was done on copies of the disk.
  private var statistics = SimulationStatistics()
  private var examined: UInt64 = 0

  /// Runs one seed.
  package static func run(
    seed: UInt64, options: Options = Options(), transcript: Transcript? = nil
  ) throws(SimulationFailure) -> SimulationStatistics {
    var simulation = LogSimulation(seed: seed, options: options, transcript: transcript)
    #if DEBUG
    let result = IndexTrust.$isBlind.withValue(options.defect == .trustsIndex) {
      () -> Result<Void, SimulationFailure> in
      do throws(SimulationFailure) { return .success(try simulation.run()) } catch { return .failure(error) }
    }
    try result.get()
    #else
    try simulation.run()
    #endif
    var statistics = simulation.statistics
    statistics += simulation.workload.statistics
    statistics.seeds = 1
    return statistics
  }

  private init(seed: UInt64, options: Options, transcript: Transcript?) {
    self.seed = seed
    self.options = options
    self.transcript = transcript
    random = SeededGenerator(seed: ~seed)
    workload = LogWorkload(seed: seed, defect: options.defect, transcript: transcript)
  }

  private mutating func run() throws(SimulationFailure) {
    let count = Int.random(in: options.actions / 3...options.actions, using: &random)
    let meetsFaults = Bool.random(using: &random)
    for number in 0..<count {
      if meetsFaults, number % 8 == 1 { workload.planFault(withinSteps: 40) }
      try examineAction(number)
    }
    if !meetsFaults { try flipBits() }
  }

  /// Does one action, then stops the machine at each of its steps.
  private mutating func examineAction(_ number: Int) throws(SimulationFailure) {
    let disk = workload.disk
    disk.recordMoments()
    let firstStep = disk.step
    do throws(LogWorkload.Interruption) {
      try workload.act()
      try workload.compare()
    } catch {
      throw failure(error, at: "action \(number)", nil)
    }
    statistics.steps += disk.step - firstStep
    for moment in disk.takeMoments() where Int.random(in: 0..<100, using: &random) < options.examinedPercent {
      statistics.crashesAt[moment.operation.kind.rawValue, default: 0] += options.outcomes
      try examine(moment.image, workload.modelDuringAction, at: "action \(number), \(moment)")
    }
    try examine(workload.disk.image, workload.model, at: "after action \(number)")
  }

  /// Loses the power in several ways.
  private mutating func examine(
    _ image: DiskImage, _ model: LogModel, at place: @autoclosure () -> String
  ) throws(SimulationFailure) {
    for way in 0..<options.outcomes {
      try onCopy(of: image, model, at: "\(place()), way \(way)") { (copy) throws(LogWorkload.Interruption) in
        try copy.stopAndLiveOn()
      }
    }
  }

  private mutating func flipBits() throws(SimulationFailure) {
    do throws(LogWorkload.Interruption) { try workload.close() } catch {
      throw failure(error, at: "the last close", nil)
    }
    var everything = CrashOutcome(keeping: .everything, seed: 0)
    let image = workload.disk.image.afterCrash(&everything)
    for flip in 0..<options.flips {
      try onCopy(of: image, workload.model, at: "bit flip \(flip)") { (copy) throws(LogWorkload.Interruption) in
        try copy.flipBit()
      }
    }
  }

  private mutating func onCopy(
    of image: DiskImage, _ model: LogModel, at place: @autoclosure () -> String,
    _ body: (inout LogWorkload) throws(LogWorkload.Interruption) -> Void
  ) throws(SimulationFailure) {
    examined += 1
    // Far from the seeds of other runs and copies.
    let copySeed = (seed &* 0x2545_F491_4F6C_DD1D) ^ (examined << 32)
    let notes = transcript.map { _ in Transcript() }
    var copy = workload.continued(
      on: SimulatedDisk(seed: copySeed, image: image, transcript: notes), model, seed: copySeed, transcript: notes)
    swap(&copy.statistics, &statistics)
    do throws(LogWorkload.Interruption) { try body(&copy) } catch { throw failure(error, at: place(), notes) }
    swap(&copy.statistics, &statistics)
  }

  private func failure(
    _ interruption: LogWorkload.Interruption, at place: String, _ notes: Transcript?
  ) -> SimulationFailure {
    let what =
      switch interruption {
      case .broken(let what): what
      case .stopped: "the disk stopped, which was not planned"
      }
    var lines = transcript?.lines ?? []
    if let notes { lines += ["", "\(place):"] + notes.lines }
    return SimulationFailure(seed: seed, place: place, what: what, transcript: lines)
  }
}

extension SimulatedDisk.Moment: CustomStringConvertible {
  package var description: String { "\(place.rawValue) step \(step) (\(operation))" }
}
