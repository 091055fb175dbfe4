import ArgumentParser

/// Measures what a cluster bears.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Puts a load on a cluster, and tells rates and latencies.",
    discussion: """
      'bench produce' appends records to the log. There they stay: use a cluster that is made for it.

      Examples:
        logctl bench produce --records 1000000 --value-bytes 100
        logctl bench produce --duration 30 --producers 4 --rate 20000 --format json
        logctl bench consume --records 1000000
      """,
    subcommands: [BenchProduceCommand.self, BenchConsumeCommand.self])

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text
    case json
  }

  static func print(_ result: BenchResult, _ format: Format) throws {
    var output = Output(isLive: false)
    switch format {
    case .text: try output.write(Array(result.text.utf8))
    case .json: try output.write(try JSONText.line(result.json))
    }
    try output.flush()
  }
}

/// How long a load lasts.
struct BenchLength: ParsableArguments {
  @Option(help: ArgumentHelp("End after so many records in all.", valueName: "count"))
  var records: Int?

  @Option(help: ArgumentHelp("End after so long. Default: 10, without --records.", valueName: "seconds"))
  var duration: Double?

  func validate() throws {
    guard self.records.map({ $0 > 0 }) ?? true else {
      throw ValidationError("--records must be more than 0")
    }
    guard self.duration.map({ $0 > 0 && $0 <= 86_400 }) ?? true else {
      throw ValidationError("--duration must be more than 0 and at most 86400 seconds")
    }
  }

  /// Counted from a moment; `nil`: without end.
  func end(from start: ContinuousClock.Instant) -> ContinuousClock.Instant? {
    (self.duration ?? (self.records == nil ? 10 : nil)).map { start + .seconds($0) }
  }

  /// The share of one of several that work at the same time.
  func share(of number: Int, among count: Int) -> Int {
    guard let records else { return .max }
    return records / count + (number < records % count ? 1 : 0)
  }
}
