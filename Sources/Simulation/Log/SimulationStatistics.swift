/// What a number of seeds came to.
package struct SimulationStatistics: Sendable {
  package var seeds = 0
  package var actions = 0
  /// Storage operations of the workloads themselves.
  package var steps = 0
  /// Losses of power.
  package var crashes = 0
  /// Losses of power during or after a recovery from another one.
  package var nestedCrashes = 0
  package var kills = 0
  /// Openings of a log that was there, each compared with the model.
  package var reopenings = 0
  package var tornTails = 0
  package var finishedCuts = 0
  package var finishedResets = 0
  package var rebuiltIndexes = 0
  package var refusals = 0
  package var failures = 0
  package var flippedBits = 0
  /// Of the flipped bits: reported as damage; the others hurt nobody.
  package var damageReports = 0
  /// Crashes in the middle of and after each kind of operation.
  package var crashesAt: [String: Int] = [:]
  /// Errors, by what failed.
  package var faultsMet: [String: Int] = [:]

  package init() {}

  package static func += (left: inout SimulationStatistics, right: SimulationStatistics) {
    let counters: [WritableKeyPath<SimulationStatistics, Int>] = [
      \.seeds, \.actions, \.steps, \.crashes, \.nestedCrashes, \.kills, \.reopenings, \.tornTails, \.finishedCuts,
      \.finishedResets, \.rebuiltIndexes, \.refusals, \.failures, \.flippedBits, \.damageReports,
    ]
    for counter in counters { left[keyPath: counter] += right[keyPath: counter] }
    left.crashesAt.merge(right.crashesAt, uniquingKeysWith: +)
    left.faultsMet.merge(right.faultsMet, uniquingKeysWith: +)
  }

  /// A table for people.
  package var report: String {
    let totals = [
      ("seeds", seeds), ("actions of workloads", actions), ("storage operations of workloads", steps),
      ("losses of power", crashes), ("of these, during or after a recovery", nestedCrashes),
      ("killed processes", kills),
      ("reopenings, each compared", reopenings), ("torn tails cut", tornTails),
      ("cuts finished by an opening", finishedCuts), ("resets finished by an opening", finishedResets),
      ("indexes made anew", rebuiltIndexes),
      ("changes refused", refusals), ("logs failed for good", failures), ("bits flipped", flippedBits),
      ("of these, reported as damage", damageReports),
    ]
    return Self.table("total", totals)
      + Self.table("power lost in the middle of or after", crashesAt.sorted { $0.key < $1.key })
      + Self.table("errors met", faultsMet.sorted { $0.key < $1.key })
  }

  private static func table(_ title: String, _ rows: [(String, Int)]) -> String {
    guard let width = rows.map(\.0.count).max() else { return "" }
    return rows.reduce("\(title)\n") { text, row in
      text + "  \(row.0)" + String(repeating: " ", count: width - row.0.count + 2) + "\(row.1)\n"
    }
  }
}
