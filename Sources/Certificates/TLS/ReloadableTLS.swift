import Crypto
import Synchronization

/// Certificate, key and authorities from files, for new connections as the files are now. Connections that are open keep
/// what they began with.
///
/// A set that is wrong changes nothing: the last good one stays. That covers a set of which only a part was replaced so
/// far: the key has to belong to the certificate, and the authorities have to vouch for it.
package final class ReloadableTLS: Sendable {
  /// How often the files are looked at. A Secret takes up to a minute to reach its volume anyway.
  package static let defaultInterval = Duration.seconds(10)

  package let sources: TLSSources
  private let profile: CertificateProfile
  private let clock: WallClock
  private let state: Mutex<State>

  private struct State {
    var contexts: TLSContexts
    var changes: ReloadStateMachine
  }

  /// - Parameters:
  ///   - sources: paths.
  ///   - profile: what the certificate has to pass for: `.node` for one that other nodes see.
  /// - Throws: when the first set is wrong already.
  package init(
    _ sources: TLSSources, profile: CertificateProfile, clock: WallClock = WallClock()
  ) async throws(TLSMaterialError) {
    self.sources = sources
    self.profile = profile
    self.clock = clock
    let files = try TLSFileSet(reading: sources)
    let contexts = try TLSContexts(await files.material(sources, profile: profile, clock: clock), clock: clock)
    state = Mutex(State(contexts: contexts, changes: ReloadStateMachine(loaded: files.digest)))
  }

  /// For the next connection. Any thread.
  package var current: TLSContexts { state.withLock { $0.contexts } }

  /// Looks at the files.
  ///
  /// - Parameter trigger: `.asked` on SIGHUP, when somebody wants to know at once; `.poll` otherwise.
  package func reload(_ trigger: ReloadTrigger) async -> ReloadOutcome {
    let files: TLSFileSet
    do { files = try TLSFileSet(reading: sources) } catch {
      return state.withLock { $0.changes.failed(error, of: nil, trigger) }
    }
    let digest = files.digest
    guard state.withLock({ $0.changes.isWorthLoading(digest) }) else { return .unchanged }
    do {
      let material = try await files.material(sources, profile: profile, clock: clock)
      return try replace(material, digest)
    } catch {
      return state.withLock { $0.changes.failed(error, of: digest, trigger) }
    }
  }

  private func replace(_ material: TLSMaterial, _ digest: SHA256Digest) throws(TLSMaterialError) -> ReloadOutcome {
    let contexts = try TLSContexts(material, generation: current.generation + 1, clock: clock)
    state.withLock {
      $0.contexts = contexts
      $0.changes.loaded(digest)
    }
    return .replaced(contexts)
  }

  /// Looks at the files again and again, until the task is cancelled. One call at a time.
  ///
  /// - Parameter report: told whatever is worth a line in the log.
  package func run(
    every interval: Duration = defaultInterval, clock: some Clock<Duration>,
    report: (ReloadOutcome) -> Void
  ) async {
    while !Task.isCancelled {
      do { try await clock.sleep(for: interval) } catch { return }
      let outcome = await reload(.poll)
      if outcome.isWorthReporting { report(outcome) }
    }
  }
}
