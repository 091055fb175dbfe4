import ArgumentParser
import Glibc
import Gossip
import Simulation

/// `simulate gossip`
struct GossipCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gossip", abstract: "Runs clusters of members that gossip, and measures how they find failures.",
    discussion: """
      A seed in which something does not hold ends the run with status 1, and is printed with the command that replays \
      it with a transcript. --crashes and --anomalies measure instead, with Lifeguard's parts on and off.
      """)

  @Option(help: "Seeds to run; without it until interrupted.")
  var seeds: UInt64?

  @Option(help: "The first seed.")
  var first: UInt64 = 1

  @Option(help: "Run this seed alone, with a transcript.")
  var seed: UInt64?

  @Option(help: "Members at most; 3 to 64.")
  var members = 16

  @Option(help: "Of 100 members so many crash one after the other: the time until that is found, at several losses.")
  var crashes: Int?

  @Flag(
    help: "The Lifeguard paper's experiment: some members are cut off again and again; false positives are counted.")
  var anomalies = false

  func run() async throws {
    if let seed { return try replay(seed) }
    if let crashes { return try measureCrashes(crashes) }
    if anomalies { return try measureAnomalies() }
    var sum = GossipMeasures()
    var count: UInt64 = 0
    for seed in first...(seeds.map { first + max($0, 1) - 1 } ?? .max) {
      do throws(GossipFailure) {
        sum.add(try GossipSimulation.run(GossipPlan(seed: seed, maximumNodes: members)))
        count += 1
        if count.isMultiple(of: 1000) { show("\(count) seeds", sum) }
      } catch {
        print("FAILED: \(error)\nreplay with: simulate gossip --seed \(seed) --members \(members)")
        throw ExitCode.failure
      }
    }
    print("\(count) seeds, \(sum.steps) steps, \(sum.packets) packets, \(sum.streams) streams\n\(sum.report)")
  }

  private func replay(_ seed: UInt64) throws {
    let plan = GossipPlan(seed: seed, maximumNodes: members)
    print("\(plan.nodes) members, \(plan.lossPerMille) of 1000 packets are lost")
    do throws(GossipFailure) {
      let measures = try GossipSimulation.run(plan, transcript: Transcript(prints: true))
      print("\nseed \(seed): fingerprint \(String(measures.fingerprint, radix: 16))\n\(measures.report)")
    } catch {
      print("\nFAILED: \(error)")
      throw ExitCode.failure
    }
  }

  private static let variants: [(name: String, parts: Lifeguard)] = [
    ("SWIM", []), ("health", .probe), ("suspicion", .suspicion), ("buddy", .buddy),
    ("Lifeguard", [.probe, .suspicion, .buddy]), ("Lifeguard and pauses", .all),
  ]

  private func measureCrashes(_ count: Int) throws {
    for loss in [0, 10, 50, 100, 200] {
      for variant in Self.variants where variant.name != "health" && variant.name != "buddy" {
        var experiment = LifeguardExperiment()
        experiment.nodes = 100
        experiment.lossPerMille = loss
        experiment.lifeguard = variant.parts
        experiment.seed = first
        show("\(loss / 10) % lost, \(variant.name)", try experiment.runCrashes(count))
      }
    }
  }

  private func measureAnomalies() throws {
    for (members, blocked, pause) in LifeguardExperiment.anomalies {
      for variant in Self.variants {
        var experiment = LifeguardExperiment()
        experiment.anomalies = members
        experiment.blockedMilliseconds = blocked
        experiment.pauseMilliseconds = pause
        experiment.lifeguard = variant.parts
        experiment.seed = first
        show(
          "\(members) of 128 for \(blocked) of \(blocked + pause) ms, \(variant.name)", try experiment.runAnomalies())
      }
    }
  }

  /// At once, for the next one takes a while.
  private func show(_ name: String, _ measures: GossipMeasures) {
    print("\(name): \(measures.report)")
    fflush(nil)
  }
}
