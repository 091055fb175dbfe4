/// What each target is to be loaded with, in each round.
struct Load {
  var callers = 1
  var recordBytes = 128
  /// Of a message in a stream.
  var recordsPerMessage = 1
  /// What a caller that streams may send without an answer.
  var recordsInFlight = 1024
  /// Of a turn; with `records`, the longest.
  var seconds = 1.0
  /// A turn ends after so many instead.
  var records: Int?
  var rounds = 5
  /// Rounds that do not count.
  var warmUpRounds = 1

  var arguments: [String] {
    [
      "-callers", "\(callers)", "-bytes", "\(recordBytes)", "-batch", "\(recordsPerMessage)", "-in-flight",
      "\(recordsInFlight)", "-seconds", "\(seconds)", "-records", "\(records ?? 0)", "-rounds", "\(rounds)", "-warm-up",
      "\(warmUpRounds)",
    ]
  }

  /// What the program may take: twice as long as it should, and ten seconds in a turn for elections and a busy disk.
  func limit(targets: Int) -> Duration {
    .seconds(60 + Double((warmUpRounds + rounds) * targets) * (seconds * 2 + 10))
  }
}
