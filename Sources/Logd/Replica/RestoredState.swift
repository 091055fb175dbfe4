import CommitLog
import Raft

/// A log that holds what this version cannot read.
package struct RestoreError: Error, Equatable, CustomStringConvertible {
  package var description: String
}

extension RaftCore.Restored {
  /// What a log that was opened tells the core.
  init(from log: Log) throws(RestoreError) {
    guard let hardState = HardState(decoding: log.vote) else {
      throw RestoreError(
        description: "the vote in \(log.path) was written by a version that this one does not know: run that one, or "
          + "remove this node from the cluster and add it with an empty directory")
    }
    let derived = log.derivedState
    var configurations: [ConfigurationHistory.Entry] = []
    for noted in [derived.previousConfiguration, derived.configuration] {
      guard let noted else { continue }
      guard let configuration = Raft.Configuration(decoding: noted.payload) else {
        throw RestoreError(
          description: "the configuration at index \(noted.index) in \(log.path) was written by a version that "
            + "this one does not know: run that one")
      }
      configurations.append(.init(index: noted.index, configuration: configuration))
    }
    self.init(
      hardState: hardState, start: log.start, end: log.flushedEnd, terms: derived.terms,
      configurations: ConfigurationHistory(configurations))
  }
}
