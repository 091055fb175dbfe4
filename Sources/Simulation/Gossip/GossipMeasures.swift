/// What a run measured.
package struct GossipMeasures: Sendable {
  /// Seconds from a crash until the first, and until the last, of the others reported it.
  package var firstDetections: [Double] = []
  package var fullDetections: [Double] = []
  /// Reports that a member failed which was running.
  package var falsePositives = 0
  /// Those of them of members that nothing was wrong with (the paper's FP), and of those the ones by such members
  /// (its FP-).
  package var falsePositivesOfHealthy = 0
  package var healthyFalsePositives = 0
  package var suspicions = 0
  package var refutations = 0
  package var packets = 0
  package var streams = 0
  package var steps = 0
  /// Seconds from the healing until all agreed.
  package var convergence: Double?
  /// The same for the same plan, and as good as never for another.
  package var fingerprint: UInt64 = 0xCBF2_9CE4_8422_2325

  package init() {}

  package mutating func add(_ other: Self) {
    firstDetections += other.firstDetections
    fullDetections += other.fullDetections
    falsePositives += other.falsePositives
    falsePositivesOfHealthy += other.falsePositivesOfHealthy
    healthyFalsePositives += other.healthyFalsePositives
    suspicions += other.suspicions
    refutations += other.refutations
    packets += other.packets
    streams += other.streams
    steps += other.steps
  }

  /// In a line.
  package var report: String {
    func seconds(_ percent: Double, _ values: [Double]) -> String {
      Self.percentile(percent, of: values).map { "\((($0 * 10).rounded()) / 10)" } ?? "-"
    }
    let first = "\(seconds(50, firstDetections)) s (p99 \(seconds(99, firstDetections)))"
    let full = "\(seconds(50, fullDetections)) s (p99 \(seconds(99, fullDetections)))"
    return "\(firstDetections.count) crashes found after \(first), by all after \(full); FP "
      + "\(falsePositivesOfHealthy), FP- \(healthyFalsePositives); \(suspicions) suspicions, \(refutations) refutations"
  }

  /// Of some, sorted or not: 50 is the median. nil when there are none.
  package static func percentile(_ percent: Double, of values: [Double]) -> Double? {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return nil }
    return sorted[min(Int(percent / 100 * Double(sorted.count)), sorted.count - 1)]
  }
}
