/// What happened since the node was started, for metrics. Nothing is decided by them.
package struct GossipCounters: Hashable, Sendable {
  package var probes = 0
  package var failedProbes = 0
  package var indirectProbes = 0
  package var answersOverStreamOnly = 0
  package var suspicions = 0
  package var refutations = 0
  package var deaths = 0
  package var flaps = 0
  package var conflicts = 0
  package var exchanges = 0
  package var failedExchanges = 0
  /// Times this node was found not to have been run.
  package var pauses = 0

  /// Pings with the name of another.
  package var misdirected = 0
  /// Members whose versions do not meet ours.
  package var incompatible = 0
  /// Members that ``GossipSettings/admits`` refused.
  package var notAdmitted = 0
  /// Names, metas, addresses and times that are out of bounds.
  package var malformed = 0
  /// Members, relays and intents too many.
  package var overflows = 0
  /// Messages that waited to be gossiped and gave way to newer ones.
  package var droppedBroadcasts = 0
  /// Events and queries that were heard before.
  package var repeated = 0
}
