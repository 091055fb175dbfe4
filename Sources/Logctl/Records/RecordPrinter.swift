import ProgLogClient

/// Prints records as they come.
struct RecordPrinter: Sendable {
  let format: RecordFormat
  /// Each must be seen as it comes.
  let isLive: Bool

  func print(_ records: Consumer) async throws {
    var output = Output(isLive: self.isLive)
    do {
      for try await batch in records.batches {
        for record in batch { try output.write(self.format.bytes(of: record)) }
      }
    } catch let error as ProgLogError {
      // What came before the failure is worth having.
      try output.flush()
      throw error
    }
    try output.flush()
  }
}
