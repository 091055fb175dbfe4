import CommitLog
import Simulation
import Testing

@Suite("Crashes of the log")
struct LogSimulationTests {
  /// Short, for a debug build; `make simulate` runs long ones by the thousand.
  private static var short: LogSimulation.Options {
    var options = LogSimulation.Options()
    options.actions = 12
    options.outcomes = 1
    options.examinedPercent = 30
    options.flips = 3
    return options
  }

  @Test(
    "whenever the power is lost, everything acknowledged is there, and nothing half",
    arguments: 0..<20 as Range<UInt64>)
  func crashes(group: UInt64) throws {
    for seed in group * 10..<group * 10 + 10 { _ = try LogSimulation.run(seed: seed, options: Self.short) }
  }

  @Test("a seed repeats its run")
  func repetition() throws {
    let first = Transcript()
    let second = Transcript()
    _ = try LogSimulation.run(seed: 7, options: Self.short, transcript: first)
    _ = try LogSimulation.run(seed: 7, options: Self.short, transcript: second)
    #expect(first.lines == second.lines && first.lines.count > 20)
  }

  @Test("a mistake made on purpose is found", arguments: PlantedDefect.allCases)
  func plantedDefect(_ defect: PlantedDefect) throws {
    var options = Self.short
    // Crashes alone are to find it.
    options.flips = 0
    options.defect = defect
    for seed in 0..<200 as Range<UInt64> {
      do throws(SimulationFailure) { _ = try LogSimulation.run(seed: seed, options: options) } catch {
        print("a log that \(defect.rawValue) is found after \(seed + 1) seeds: \(error)")
        return
      }
    }
    Issue.record("a log that \(defect.rawValue) is not found")
  }
}
