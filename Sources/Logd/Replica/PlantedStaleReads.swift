#if PLANTED_BUGS
import FoundationEssentials

/// A bug that a debug build can be given by its environment, to show that the check of linearizability finds it;
/// release builds lack it, as those of the core (PlantedBug.swift).
enum PlantedStaleReads {
  /// The end of the log is answered without asking the leader.
  static let isOn = ProcessInfo.processInfo.environment["PROGLOG_PLANTED_BUG"] == "staleReads"
}
#endif
