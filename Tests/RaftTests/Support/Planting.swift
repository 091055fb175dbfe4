import Testing

@testable import Raft

/// Runs a scenario with the core as it is, which must violate nothing, and with the bug, which must.
func expectFound(
  _ bug: PlantedBug, settings: Settings = .withoutDelay, sourceLocation: SourceLocation = #_sourceLocation,
  _ scenario: (Settings) -> [String]
) {
  #expect(scenario(settings) == [], sourceLocation: sourceLocation)
  var buggy = settings
  buggy.plantedBugs = [bug]
  #expect(!scenario(buggy).isEmpty, "\(bug) is not found", sourceLocation: sourceLocation)
}
