import ProgLogClient

/// Speaks with servers by their admin API.
struct AdminMemberClient: MemberClient {
  /// For one question. A pass asks all servers of a log at once, and a worker waits for the slowest.
  static let questionTimeout = Duration.seconds(2)
  /// For one change: adding a member waits for a commit, a hand-over for an election time-out.
  static let changeTimeout = Duration.seconds(10)

  func report(of member: MemberEndpoint) async -> MemberAnswer {
    do {
      let client = try client(member, timeout: Self.questionTimeout)
      return .report(try await client.status(of: address(member)))
    } catch {
      return .silent("\(error)")
    }
  }

  func carryOut(_ change: Step.MembershipChange, at member: MemberEndpoint) async throws(MemberError) {
    do {
      let client = try client(member, timeout: Self.changeTimeout)
      try await carryOut(change, client, at: address(member))
    } catch let error as MemberError {
      throw error
    } catch let error as AdminError {
      throw MemberError(description: error.description, mayPass: error.mayPass || error.isInDoubt)
    } catch {
      throw MemberError(description: "\(error)", mayPass: true)
    }
  }

  private func carryOut(_ change: Step.MembershipChange, _ client: AdminClient, at address: NodeAddress) async throws {
    switch change {
    case .bootstrap(_, let clusterID): _ = try await client.bootstrap(address, clusterID: clusterID)
    case .add(let node, let memberAddress, _): _ = try await client.add(node, memberAddress: memberAddress, at: address)
    case .promote(let name, _): _ = try await client.promote(name, at: address)
    case .remove(let name, _): _ = try await client.remove(name, at: address)
    case .transferLeadership(let name, _): _ = try await client.transferLeadership(to: name, at: address)
    case .recover(_, let claim):
      _ = try await client.recover(
        address, abandoning: claim.clusterID, newClusterID: claim.newClusterID, lastIndex: claim.lastIndex)
    }
  }

  private func client(_ member: MemberEndpoint, timeout: Duration) throws(MemberError) -> AdminClient {
    switch member.credentials {
    case .plaintext: AdminClient(timeout: timeout, connectionTimeout: timeout)
    case .tls(let credentials):
      AdminClient(
        timeout: timeout, connectionTimeout: timeout,
        security: .contents(
          TLSContents(
            authorities: credentials.authorities, certificate: credentials.certificate,
            privateKey: credentials.privateKey, serverName: member.serverName)))
    case .missing(let why): throw MemberError(description: why, mayPass: true)
    }
  }

  private func address(_ member: MemberEndpoint) throws -> NodeAddress {
    try NodeAddress(parsing: member.ip.contains(":") ? "[\(member.ip)]:\(port)" : "\(member.ip):\(port)")
  }

  private var port: Int64 { Port.rpc.number }
}

extension AdminError {
  /// Whether it was done is not known; the next look tells.
  fileprivate var isInDoubt: Bool { if case .outcomeUnknown = self { true } else { false } }
}
