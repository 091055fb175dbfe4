import ArgumentParser
import Glibc
import Simulation
import Synchronization

@main
struct SimulateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Runs parts of ProgLog in a simulated world, each seed another course of events.",
    subcommands: [LogCommand.self, ClusterCommand.self, ClusterWorkerCommand.self, GossipCommand.self])
}

/// `simulate log`
struct LogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "Loses power at every storage operation of the commit log.",
    discussion: """
      A seed that breaks a promise of the log ends the run with status 1, and is printed with the command that replays it \
      with a transcript of what happened.
      """)

  @Option(help: "Seeds to run; without it until interrupted.")
  var seeds: UInt64?

  @Option(help: "The first seed.")
  var first: UInt64 = 0

  @Option(help: "Run this seed alone, with a transcript.")
  var seed: UInt64?

  @Option(help: "Threads.")
  var threads = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  func run() async throws {
    if let seed { return try replay(seed) }
    let campaign = LogCampaign(first: first, seeds: seeds)
    await campaign.run(threads: threads)
    print(campaign.report)
    guard let failure = campaign.failure else { return }
    print("FAILED: \(failure)\nreplay with: simulate log --seed \(failure.seed)")
    throw ExitCode.failure
  }

  private func replay(_ seed: UInt64) throws {
    let transcript = Transcript()
    do throws(SimulationFailure) {
      let statistics = try LogSimulation.run(seed: seed, transcript: transcript)
      transcript.lines.forEach { print($0) }
      print("\nseed \(seed) broke no promise\n\(statistics.report)")
    } catch {
      error.transcript.forEach { print($0) }
      print("\nFAILED: \(error)")
      throw ExitCode.failure
    }
  }
}
