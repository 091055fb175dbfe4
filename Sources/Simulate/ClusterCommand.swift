import ArgumentParser
import Glibc
import Raft
import Simulation

/// `simulate cluster`
struct ClusterCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cluster", abstract: "Runs whole clusters: cores, disks, network, clients, faults of all kinds.",
    discussion: """
      A seed in which something does not hold ends the run with status 1. It is made smaller as long as the same check \
      fails, and printed with a transcript and the command that replays it.
      """)

  @Option(help: "Seeds to run; without it until interrupted.")
  var seeds: UInt64?

  @Option(help: "The first seed.")
  var first: UInt64 = 0

  @Option(help: "Run this seed alone, with a transcript.")
  var seed: UInt64?

  @OptionGroup
  var extent: ClusterExtent

  @Option(help: "Processes at a time.")
  var processes = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  @Option(help: "Plant this bug in the core, or one after the other 'all', and say which seeds find it (debug builds).")
  var planted: String?

  func run() async throws {
    if let seed { return try replay(seed) }
    if let planted { return try await hunt(planted) }
    let campaign = ClusterCampaign(first: first, seeds: seeds, extent: extent)
    try await campaign.run(processes: processes)
    print(campaign.report)
    guard let failure = campaign.failure else { return }
    print("FAILED: \(failure.text)")
    print(try await Shrinking(failure, extent: extent).run())
    throw ExitCode.failure
  }

  private func replay(_ seed: UInt64) throws {
    let transcript = Transcript(prints: true)
    do throws(ClusterFailure) {
      let result = try ClusterSimulation.run(extent.plan(seed: seed), planting: extent.bugs, transcript: transcript)
      print(
        "\nseed \(seed): \(result.events) events in \(result.time) s, \(result.entries) entries, fingerprint "
          + String(result.fingerprint, radix: 16))
    } catch {
      print("\nFAILED: \(error)")
      throw ExitCode.failure
    }
  }

  private func hunt(_ name: String) async throws {
    let bugs = name == "all" ? PlantedBug.allCases : PlantedBug(rawValue: name).map { [$0] } ?? []
    guard !bugs.isEmpty else {
      throw ValidationError(
        "there is no bug '\(name)'; there are: all \(PlantedBug.allCases.map(\.rawValue).joined(separator: " "))")
    }
    var found = 0
    for bug in bugs {
      let hunt = BugHunt(bug, first: first, seeds: seeds ?? BugHunt.usualSeeds, extent: extent)
      try await hunt.run(processes: processes)
      print(hunt.report)
      fflush(nil)
      if hunt.isFound { found += 1 }
    }
    print("\(found) of \(bugs.count) found")
  }
}

/// How much of a seed is run.
struct ClusterExtent: ParsableArguments {
  @Option(help: "Events until the faults end, about.")
  var events = 3000

  @Option(help: "Keep these faults only, by number: '3,17', or '' for none.")
  var faults: String?

  @Option(help: "Keep these clients only, by number.")
  var clients: String?

  @Option(help: "End the faults after so many events, whatever the plan.")
  var stopAfter: Int?

  @Option(help: ArgumentHelp("A bug in the core.", visibility: .private))
  var bug: String?

  var bugs: Set<PlantedBug> { bug.flatMap { PlantedBug(rawValue: $0) }.map { [$0] } ?? [] }

  func plan(seed: UInt64) -> ClusterPlan {
    var plan = ClusterPlan(seed: seed, events: events)
    if let kept = Self.numbers(faults) { plan.faults.removeAll { !kept.contains($0.number) } }
    if let kept = Self.numbers(clients) { plan.clients.removeAll { !kept.contains($0.number) } }
    if let stopAfter { plan.maximumEvents = stopAfter }
    return plan
  }

  private static func numbers(_ text: String?) -> Set<Int>? {
    text.map { Set($0.split(separator: ",").compactMap { Int($0) }) }
  }

  /// As options.
  var arguments: [String] {
    var arguments = ["--events", "\(events)"]
    if let faults { arguments += ["--faults", faults] }
    if let clients { arguments += ["--clients", clients] }
    if let stopAfter { arguments += ["--stop-after", "\(stopAfter)"] }
    if let bug { arguments += ["--bug", bug] }
    return arguments
  }
}
