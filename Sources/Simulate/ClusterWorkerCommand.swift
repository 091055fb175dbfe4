import ArgumentParser
import Glibc
import Simulation

/// Runs seeds in a process of its own, for a `precondition` of the core that fails ends its process. What it says on its
/// output is for the one who started it: `begin SEED`, `failed SEED CHECK|WHAT`, and in the end `done` with counts.
struct ClusterWorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "cluster-worker", shouldDisplay: false)

  @Option var first: UInt64
  @Option var seeds: UInt64
  @OptionGroup var extent: ClusterExtent
  @Flag(help: "Go on after a failure.")
  var goesOn = false

  func run() throws {
    var tally = ClusterTally()
    for seed in first..<first + seeds {
      say("begin \(seed)")
      do throws(ClusterFailure) {
        tally.add(try ClusterSimulation.run(extent.plan(seed: seed), planting: extent.bugs))
      } catch {
        say("failed \(seed) \(error.events) \(error.check.rawValue)|\(error)")
        if !goesOn { break }
      }
    }
    say(tally.line)
  }

  /// At once: whoever reads it shall know where this process was when it ended.
  private func say(_ line: String) {
    print(line)
    fflush(nil)
  }
}
