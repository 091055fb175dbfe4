import Crypto

/// When a set of files is loaded, and when its failure is worth telling.
struct ReloadStateMachine: Sendable {
  /// What was wrong when it was looked at last. Without a digest the files could not be read.
  private struct Failure: Sendable {
    let digest: SHA256Digest?
    let error: TLSMaterialError
    var wasTold: Bool
  }

  private var loadedDigest: SHA256Digest
  private var failure: Failure?

  init(loaded digest: SHA256Digest) { loadedDigest = digest }

  /// Whether a set has to be looked into: it is another than the one in use. A wrong set is looked into each time, for
  /// that may be because of the time: it was not yet valid, say.
  mutating func isWorthLoading(_ digest: SHA256Digest) -> Bool {
    guard digest == loadedDigest else { return true }
    failure = nil
    return false
  }

  mutating func loaded(_ digest: SHA256Digest) {
    loadedDigest = digest
    failure = nil
  }

  /// - Parameter digest: of the set that was wrong; nil when not all files could be read.
  mutating func failed(
    _ error: TLSMaterialError, of digest: SHA256Digest?, _ trigger: ReloadTrigger
  ) -> ReloadOutcome {
    let isKnown = failure.map { $0.digest == digest && $0.error.isLike(error) } ?? false
    let wasTold = isKnown && failure?.wasTold == true
    let tells = trigger == .asked || (isKnown && !wasTold)
    failure = Failure(digest: digest, error: error, wasTold: wasTold || tells)
    if tells { return .failed(error) }
    return wasTold ? .unchanged : .settling
  }
}

extension TLSMaterialError {
  /// Whether it says the same as another, but for the time.
  fileprivate func isLike(_ other: TLSMaterialError) -> Bool {
    guard source == other.source else { return false }
    if case .leaf(let error) = problem, case .leaf(let otherError) = other.problem {
      return error.label == otherError.label
    }
    return problem == other.problem
  }
}
