/// Mistakes made on purpose, to show that the tests and the simulation find them.
///
/// Only builds with the condition PLANTED_BUGS can switch one on, by `GossipSettings.plantedDefects`; release builds
/// lack it.
package enum GossipDefect: String, CaseIterable, Sendable {
  /// A member that is accused says nothing.
  case noRefutation
  /// A member that does not answer is dead at once (SWIM without §4.2).
  case noSuspicion
  /// Confirmations do not shorten a suspicion (Lifeguard §IV-B).
  case noConfirmations
  /// An alive message of an old incarnation counts: the dead come back by what others remember.
  case oldIncarnationRevives
  /// A refutation has the incarnation of the accusation.
  case refutationNotRaised
  /// Who leaves is taken for dead.
  case leaveIsFailure
  /// What another says is dead in an exchange of states is dead here too, without a suspicion.
  case mergedDeathCounts
  /// The newest claim to a name has it.
  case conflictTakesOver
  /// Messages are sent for ever.
  case unlimitedTransmissions
  /// Failed members are not called again.
  case noReconnect
}

extension GossipSettings {
  @inline(__always)
  func has(_ defect: GossipDefect) -> Bool {
    #if PLANTED_BUGS
    plantedDefects.contains(defect)
    #else
    false
    #endif
  }
}
