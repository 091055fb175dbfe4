/// Calls of whichever node leads.
package struct LeaderCall: Sendable {
  package var seeds: [NodeAddress]
  /// For the leader to be found and to do it.
  package var timeout: Duration
  package var retry: ClientConfiguration.Retry
  /// For each connection.
  package var connectionTimeout: Duration

  /// - Parameter seeds: at least one.
  package init(
    seeds: [NodeAddress], timeout: Duration, retry: ClientConfiguration.Retry = .defaults,
    connectionTimeout: Duration = AdminClient.defaultConnectionTimeout
  ) {
    self.seeds = seeds
    self.timeout = timeout
    self.retry = retry
    self.connectionTimeout = connectionTimeout
  }

  /// Asks one node after the other, until one has done it, or has refused it for a reason that does not pass.
  ///
  /// - Parameter call: given the client, whose time-out is what is left, and whom to ask.
  package func callAsFunction<Result>(
    _ call: (AdminClient, NodeAddress) async throws -> Result
  ) async throws -> Result {
    let end = ContinuousClock.now + self.timeout
    var search = LeaderSearch(seeds: self.seeds, retry: self.retry)
    while true {
      do {
        let client = AdminClient(
          timeout: max(end - .now, .milliseconds(1)), connectionTimeout: self.connectionTimeout)
        return try await call(client, search.address)
      } catch let error as AdminError {
        guard error.mayPass else { throw error }
        let pause = search.pause(after: error)
        guard .now + pause < end else { throw error }
        try await Task.sleep(for: pause)
      }
    }
  }
}
