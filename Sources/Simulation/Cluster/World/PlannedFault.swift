/// What goes wrong.
package enum FaultKind: String, CaseIterable, Sendable {
  case crash, crashOfAll, pause, wipe, slowDisk, hungDisk, fullDisk
  case symmetricPartition, oneWayPartition, bridge, isolation, stuckLeader, laggard, lossBurst, disconnection, clockJump
  // Not faults by themselves, and as unwelcome at a bad moment.
  case transfer, membership, rashMembership, retention, producerEpoch
}

/// A fault of a run: when, for how long, and where, which its seed decides when it comes.
package struct PlannedFault: Sendable, CustomStringConvertible {
  package let number: Int
  package let kind: FaultKind
  package let time: VirtualTime
  /// In nanoseconds.
  package let duration: UInt64
  package let seed: UInt64

  package var description: String {
    "fault \(number) at \(time): \(kind.rawValue) for \(duration / 1_000_000) ms"
  }
}
