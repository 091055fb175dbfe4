/// Names as Prometheus allows them: `[a-zA-Z_:][a-zA-Z0-9_:]*` for metrics, the same without colons for labels.
enum MetricName {
  /// Every other character becomes `_`: swift-metrics' `http.server.duration` is `http_server_duration`.
  static func sanitized(_ name: String) -> String { self.sanitized(name, allowsColon: true) }

  /// A label's name. Those that Prometheus keeps for itself (`__…`, and `le` of a histogram) get the prefix that it
  /// gives to clashing labels.
  static func sanitizedLabel(_ name: String) -> String {
    let label = self.sanitized(name, allowsColon: false)
    return label == "le" || label.hasPrefix("__") ? "exported_" + label : label
  }

  private static func sanitized(_ name: String, allowsColon: Bool) -> String {
    var result = ""
    for character in name.unicodeScalars {
      switch character {
      case "a"..."z", "A"..."Z", "_":
        result.unicodeScalars.append(character)
      case "0"..."9":
        if result.isEmpty { result = "_" }
        result.unicodeScalars.append(character)
      case ":" where allowsColon:
        result.unicodeScalars.append(character)
      default:
        result.unicodeScalars.append("_")
      }
    }
    return result.isEmpty ? "_" : result
  }
}

/// Labels as they stand between the braces.
enum MetricLabels {
  /// `method="GET",path="/"`: sorted by name, escaped, values cut to `valueLimit` bytes. Of two labels with one name the
  /// first counts: Prometheus refuses a whole scrape for a label that stands twice.
  static func rendered(_ dimensions: [(String, String)], valueLimit: Int) -> String {
    if dimensions.isEmpty { return "" }
    var labels: [(name: String, value: String)] = []
    for (name, value) in dimensions {
      let name = MetricName.sanitizedLabel(name)
      if labels.contains(where: { $0.name == name }) { continue }
      labels.append((name, value))
    }
    labels.sort { $0.name < $1.name }
    return labels.map { "\($0.name)=\"\(self.escaped(self.cut($0.value, to: valueLimit)))\"" }.joined(separator: ",")
  }

  private static func cut(_ value: String, to limit: Int) -> String {
    guard value.utf8.count > limit else { return value }
    var end = value.utf8.index(value.utf8.startIndex, offsetBy: limit)
    // Not in the middle of a scalar: the text must stay UTF-8.
    while end.samePosition(in: value.unicodeScalars) == nil {
      end = value.utf8.index(before: end)
    }
    return String(value.unicodeScalars[..<end])
  }

  private static func escaped(_ value: String) -> String {
    var result = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// Numbers as the text format has them.
enum ExpositionNumber {
  /// The shortest text that reads back as the same number; whole numbers without a fraction, as Go prints `le`.
  static func rendered(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
    return value.description
  }
}

extension String {
  /// One line `name{labels} value`.
  mutating func writeSample(_ name: String, _ labels: String, _ value: String) {
    self += name
    if !labels.isEmpty {
      self += "{"
      self += labels
      self += "}"
    }
    self += " "
    self += value
    self += "\n"
  }

  /// `# HELP` (when there is one) and `# TYPE`.
  mutating func writeHeader(_ name: String, help: String?, kind: MetricKind) {
    if let help {
      self += "# HELP \(name) "
      for scalar in help.unicodeScalars {
        switch scalar {
        case "\\": self += "\\\\"
        case "\n": self += "\\n"
        default: self.unicodeScalars.append(scalar)
        }
      }
      self += "\n"
    }
    self += "# TYPE \(name) \(kind.rawValue)\n"
  }
}
