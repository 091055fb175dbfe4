import Synchronization

/// The policy in force, which can be read anew while requests are decided. A policy that cannot be read changes
/// nothing.
package final class ReloadablePolicy: Sendable {
  /// What came of looking at the files.
  package enum Outcome: Sendable {
    /// They are what they were. Where they could not be used then, they still cannot, and that was told.
    case unchanged
    case loaded(AccessPolicy, ContentHash)
    /// The earlier policy stays.
    case rejected(PolicyError)
  }

  private struct State {
    var policy: AccessPolicy
    /// Of the files as they were read last, whether they could be used or not.
    var seen: ContentHash
    /// Why these could not be used.
    var contentError: PolicyError?
    /// Why there is nothing newer to read.
    var readError: PolicyError?
  }

  package let files: PolicyFiles
  private let state: Mutex<State>
  /// One at a time, so that an older reading never replaces a newer one. Deciding does not wait for it.
  private let reloading = Mutex(())

  /// Reads the files. Blocks on the disk.
  package init(_ files: PolicyFiles) throws(PolicyError) {
    self.files = files
    let (model, policy) = try files.read()
    state = Mutex(
      State(
        policy: try AccessPolicy(model: model, policy: policy), seen: ContentHash(model: model, policy: policy)))
  }

  package var current: AccessPolicy { state.withLock { $0.policy } }

  /// Why the policy in force is not what the files say; nil where it is.
  package var rejection: PolicyError? { state.withLock { $0.readError ?? $0.contentError } }

  /// Reads the files again, and puts what they say in force if they have changed and can be used. Blocks on the disk.
  package func reload() -> Outcome { reloading.withLock { _ in reloadAlone() } }

  private func reloadAlone() -> Outcome {
    let model: SourceFile
    let policy: SourceFile
    do { (model, policy) = try files.read() } catch {
      return state.withLock { state in
        defer { state.readError = error }
        return state.readError == error ? .unchanged : .rejected(error)
      }
    }
    let hash = ContentHash(model: model, policy: policy)
    let isSeen = state.withLock { state in
      state.readError = nil
      return state.seen == hash
    }
    if isSeen { return .unchanged }
    // Outside of the lock: compiling takes longer than a decision may wait.
    do {
      let loaded = try AccessPolicy(model: model, policy: policy)
      state.withLock { ($0.policy, $0.seen, $0.contentError) = (loaded, hash, nil) }
      return .loaded(loaded, hash)
    } catch {
      state.withLock { ($0.seen, $0.contentError) = (hash, error) }
      return .rejected(error)
    }
  }
}
