/// How the operator speaks with the servers of a log: the admin API, or in tests a cluster in memory.
protocol MemberClient: Sendable {
  /// Asks one server; whatever goes wrong is an answer too. Bounded in time.
  func report(of member: MemberEndpoint) async -> MemberAnswer

  /// Asks for a change, of the server that the change names.
  func carryOut(_ change: Step.MembershipChange, at member: MemberEndpoint) async throws(MemberError)
}

/// Where a server is reached, and by what name it is known there.
struct MemberEndpoint: Sendable, Hashable {
  var pod: String
  /// The pod's own, for names are slow to follow it. IPv6 without brackets.
  var ip: String
  /// What its certificate is checked against.
  var serverName: String
  var credentials: Credentials

  enum Credentials: Sendable, Hashable {
    case plaintext
    case tls(AdminCredentials)
    /// There is nothing to show to a server that asks for it.
    case missing(String)
  }
}

/// A change that was not made, or of which nobody knows whether it was: the next look tells.
struct MemberError: Error, Sendable, Hashable, CustomStringConvertible {
  var description: String
  /// Whether the same may fare better by itself: a change in progress, another leader, no connection.
  var mayPass: Bool
}
