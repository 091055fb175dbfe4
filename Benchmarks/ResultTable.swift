/// What was measured, as a table of Markdown: `make bench` prints what docs/benchmarks.md shows.
struct ResultTable {
  private static let header = ["Benchmark", "Ours", "Peer", "Ratio", "Target", "Met"]

  var measurements: [Measurement] = []

  /// Whether nothing that was aimed at was missed.
  var isMet: Bool { measurements.allSatisfy { $0.isMet != false } }

  var lines: [String] {
    let rows = [Self.header] + measurements.map(row)
    let widths = Self.header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines = rows.map { row in
      "| " + zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: " | ") + " |"
    }
    lines.insert("|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|", at: 1)
    return lines
  }

  private func row(_ measurement: Measurement) -> [String] {
    let goal =
      switch measurement.goal {
      case .ratioAtLeast(let least): "≥ \(Self.text(least)) of the peer"
      case .atLeast(let least): "≥ \(Self.text(least)) \(measurement.unit)"
      case .atMost(let most): "≤ \(Self.text(most)) \(measurement.unit)"
      case .none: ""
      }
    return [
      measurement.name, "\(Self.text(measurement.ours)) \(measurement.unit)",
      measurement.peer.map { "\($0.name) \(Self.text($0.value))" } ?? "",
      measurement.ratio.map(Self.text) ?? "", goal,
      measurement.isMet.map { $0 ? "yes" : "no" } ?? "",
    ]
  }

  /// Three digits that matter, and thousands apart.
  static func text(_ value: Double) -> String {
    // A ratio to nothing.
    guard value.isFinite else { return "–" }
    if value.magnitude < 100 { return "\((value * 100).rounded() / 100)" }
    let digits = String(Int(value.rounded()))
    var text = ""
    for (position, digit) in digits.enumerated() {
      if position > 0, (digits.count - position).isMultiple(of: 3) { text += "," }
      text.append(digit)
    }
    return text
  }
}
