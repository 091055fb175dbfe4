extension ConnectionOptions {
  /// Makes a change, and prints what is so then.
  func withChange(_ body: (ClusterChange) async throws -> String) async throws {
    try await self.withServers { servers in
      let progress = WaitProgress()
      defer { progress.finish() }
      let outcome = try await body(
        ClusterChange(
          seeds: servers.seeds, timeout: .seconds(self.timeout), security: servers.security, progress: progress))
      progress.finish()
      try Console.say(outcome)
    }
  }
}
