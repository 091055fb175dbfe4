/// Why the files are looked at.
package enum ReloadTrigger: Sendable, Hashable {
  /// It is time.
  case poll
  /// Somebody asked for it, and wants an answer.
  case asked
}

/// What came of a look at the files.
package enum ReloadOutcome: Sendable {
  /// They are what they were.
  case unchanged
  /// They are wrong, maybe because somebody is replacing them just now: the next look will tell.
  case settling
  /// New connections use another set.
  case replaced(TLSContexts)
  /// They are wrong, and stay so: the last good set stays. Said once for each wrong set, or when asked.
  case failed(TLSMaterialError)

  package var isWorthReporting: Bool {
    switch self {
    case .unchanged, .settling: false
    case .replaced, .failed: true
    }
  }
}
