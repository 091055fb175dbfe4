import KubernetesClient

/// The servers, for an operator that may change them only while it leads; see `LeaderAPI`.
struct LeaderMembers: MemberClient {
  private let members: any MemberClient
  private let leadership: Leadership

  init(_ members: any MemberClient, leadership: Leadership) {
    self.members = members
    self.leadership = leadership
  }

  func report(of member: MemberEndpoint) async -> MemberAnswer { await members.report(of: member) }

  func carryOut(_ change: Step.MembershipChange, at member: MemberEndpoint) async throws(MemberError) {
    guard leadership.isHeld else {
      throw MemberError(description: "\(KubernetesError.notLeader)", mayPass: true)
    }
    try await members.carryOut(change, at: member)
  }
}
