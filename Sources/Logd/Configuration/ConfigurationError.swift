/// A setting that cannot be used: where it came from, what is wrong with it and what is allowed.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  /// `--rpc-port`, `LOGD_RPC_PORT`, `logd.yaml:3 (rpc-port)`, …
  package var origin: String
  package var problem: String
  /// What to write instead.
  package var allowed: String

  package init(origin: String, problem: String, allowed: String) {
    self.origin = origin
    self.problem = problem
    self.allowed = allowed
  }

  package var description: String { "\(origin): \(problem); \(allowed)" }
}
