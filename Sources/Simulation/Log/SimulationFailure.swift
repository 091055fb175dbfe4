/// A run in which a promise was broken.
package struct SimulationFailure: Error, Sendable, CustomStringConvertible {
  package let seed: UInt64
  /// When it was noticed.
  package let place: String
  package let what: String
  /// Of a run that keeps one.
  package let transcript: [String]

  package var description: String { "seed \(seed), \(place): \(what)" }
}
