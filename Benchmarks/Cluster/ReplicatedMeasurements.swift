extension Measurement {
  /// What a record costs the servers, all three together.
  static func processorTime(_ ours: [Turn], peer: String, _ turns: [Turn]) -> Measurement {
    Measurement(
      "  the servers' processor time", ours: ours.processorMicroseconds, peer: peer,
      values: turns.processorMicroseconds, unit: "µs a record", goal: .none)
  }

  static func processorTime(_ ours: [Turn]) -> Measurement {
    Measurement("  the servers' processor time", ours: median(ours.processorMicroseconds), unit: "µs a record")
  }
}
