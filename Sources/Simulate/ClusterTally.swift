import Simulation

/// What a number of runs without failure came to.
struct ClusterTally: Sendable {
  private(set) var seeds = 0
  private(set) var events = 0
  private(set) var entries = 0
  /// Virtual.
  private(set) var seconds = 0
  private(set) var coverage = [Int](repeating: 0, count: CoveragePoint.allCases.count)

  mutating func add(_ result: ClusterResult) {
    seeds += 1
    events += result.events
    entries += result.entries
    seconds += Int(result.time.nanoseconds / 1_000_000_000)
    for position in coverage.indices { coverage[position] += result.coverage.counts[position] }
  }

  static func += (left: inout ClusterTally, right: ClusterTally) {
    left.seeds += right.seeds
    left.events += right.events
    left.entries += right.entries
    left.seconds += right.seconds
    for position in left.coverage.indices { left.coverage[position] += right.coverage[position] }
  }

  // MARK: Between processes

  var line: String { "done " + ([seeds, events, entries, seconds] + coverage).map(String.init).joined(separator: " ") }

  init() {}

  /// nil when it is another line.
  init?(line: some StringProtocol) {
    let fields = line.split(separator: " ")
    guard fields.first == "done", fields.count == 5 + coverage.count else { return nil }
    let numbers = fields.dropFirst().compactMap { Int($0) }
    guard numbers.count == 4 + coverage.count else { return nil }
    (seeds, events, entries, seconds) = (numbers[0], numbers[1], numbers[2], numbers[3])
    coverage = Array(numbers[4...])
  }

  // MARK: For people

  var report: String {
    let rows = CoveragePoint.allCases.map { ($0.label, coverage[$0.rawValue]) }
    let width = rows.map(\.0.count).max() ?? 0
    var text = "\(seeds) seeds, \(events) events, \(entries) committed entries, \(seconds) s of virtual time\n"
    for (label, count) in rows {
      text += "  \(label)" + String(repeating: " ", count: width - label.count + 2) + "\(count)\n"
    }
    let missed = rows.filter { $0.1 == 0 }.map(\.0)
    return text + "never: \(missed.isEmpty ? "nothing" : missed.joined(separator: ", "))"
  }
}
