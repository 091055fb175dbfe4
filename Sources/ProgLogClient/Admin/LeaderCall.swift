/// Calls of whichever node leads.
package struct LeaderCall: Sendable {
  package var seeds: [NodeAddress]
  /// For the leader to be found and to do it.
  package var timeout: Duration
  package var backOff: BackOff
  /// For each connection.
  package var connectionTimeout: Duration
  package var security: ClientSecurity

  /// With less than this left nobody is asked again: a connection takes as long on a busy machine, and what would be told is that
  /// there was no time for one, and not why those before failed.
  private static let shortestTry = Duration.milliseconds(100)

  /// - Parameter seeds: at least one.
  package init(
    seeds: [NodeAddress], timeout: Duration, backOff: BackOff = .defaults,
    connectionTimeout: Duration = AdminClient.defaultConnectionTimeout, security: ClientSecurity = .plaintext
  ) {
    self.security = security
    self.seeds = seeds
    self.timeout = timeout
    self.backOff = backOff
    self.connectionTimeout = connectionTimeout
  }

  /// Asks one node after the other, until one has done it, or has refused it for a reason that does not pass.
  ///
  /// - Parameter call: given the client, whose time-out is what is left, and whom to ask.
  package func callAsFunction<Result>(
    _ call: (AdminClient, NodeAddress) async throws -> Result
  ) async throws -> Result {
    let end = ContinuousClock.now + self.timeout
    var search = LeaderSearch(seeds: self.seeds, backOff: self.backOff)
    var left = self.timeout
    while true {
      do {
        let client = AdminClient(
          timeout: left, connectionTimeout: self.connectionTimeout, security: self.security)
        return try await call(client, search.address)
      } catch let error as AdminError {
        guard error.mayPass else { throw error }
        let pause = search.pause(after: error)
        guard .now + pause + Self.shortestTry < end else { throw error }
        try await Task.sleep(for: pause)
        // The pause may have been longer.
        left = end - .now
        guard left >= Self.shortestTry else { throw error }
      }
    }
  }
}
