import ArgumentParser

/// The options of what waits for a learner to catch up.
struct WaitOptions: ParsableArguments {
  /// At 100 MB/s, 60 GB.
  static let defaultSeconds: Double = 600

  @Option(
    help: ArgumentHelp(
      "How long to wait for the node to catch up. Default: \(Int(Self.defaultSeconds)) with --voter, else 0.",
      valueName: "seconds"))
  var wait: Double?

  func validate() throws {
    guard let wait = self.wait else { return }
    // A month: more is a mistake, and infinity cannot be a duration.
    guard wait >= 0, wait <= 2_592_000 else {
      throw ValidationError("--wait must be from 0 to 2592000 seconds, not \(wait)")
    }
  }
}
