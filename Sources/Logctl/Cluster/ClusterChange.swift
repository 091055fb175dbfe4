import ProgLogAPI
import ProgLogClient

/// What `logctl cluster` changes: each function returns a sentence that says what is so then.
struct ClusterChange: Sendable {
  /// Between two looks at whether a learner has caught up: rarely enough to cost nothing.
  private static let promotionInterval = Duration.seconds(1)

  let leader: LeaderCall
  /// Told what is waited for.
  let progress: WaitProgress

  init(seeds: [NodeAddress], timeout: Duration, security: ClientSecurity = .plaintext, progress: WaitProgress) {
    self.leader = LeaderCall(seeds: seeds, timeout: timeout, security: security)
    self.progress = progress
  }

  /// A node that is asked to be added.
  struct Newcomer: Equatable {
    /// What it is meant to be called; `nil`: whatever it is.
    var name: String?
    var address: NodeAddress

    /// `NAME=HOST:PORT` or `HOST:PORT`.
    init(argument: String) throws(ProgLogError) {
      guard let equals = argument.firstIndex(of: "=") else {
        self.address = try NodeAddress(parsing: argument)
        return
      }
      self.name = String(argument[..<equals])
      self.address = try NodeAddress(parsing: String(argument[argument.index(after: equals)...]))
    }
  }

  /// Adds a node as a learner.
  ///
  /// - Returns: what it is called, too.
  func add(_ newcomer: Newcomer) async throws -> (name: String, outcome: String) {
    let node = try await AdminClient(timeout: self.leader.timeout, security: self.leader.security).status(
      of: newcomer.address)
    let name = node.identity.name
    if let wanted = newcomer.name, wanted != name {
      throw ClusterRefusal(description: "the node at \(newcomer.address) is called \(name), not \(wanted)")
    }
    // It knows best where the others reach it; this program may have come by a way of its own.
    let address = node.address.isEmpty ? newcomer.address.description : node.address
    let role = try await self.leader { client, seed in
      try await self.add(node, address: address, client, at: seed)
    }
    return (name, "\(name) is a \(role.rawValue) at \(address)")
  }

  /// - Returns: what it is then.
  private func add(
    _ node: NodeReport, address: String, _ client: AdminClient, at seed: NodeAddress
  ) async throws -> ClusterMember.Role {
    let cluster = try await client.status(of: seed)
    if let other = node.clusterID, let present = cluster.clusterID, other != present {
      throw ClusterRefusal(
        description:
          "\(node.identity.name) was in cluster \(other), and this one is \(present): start it with an empty "
          + "data directory first")
    }
    do {
      let members = try await client.add(node.identity, memberAddress: address, at: seed)
      return members.first { $0.identity == node.identity }?.role ?? .learner
    } catch let error as AdminError where error.reason == .alreadyMember {
      // That very node, added before.
      guard let member = cluster.members.first(where: { $0.identity == node.identity }) else { throw error }
      return member.role
    }
  }

  /// Makes a learner a voter.
  ///
  /// - Parameter wait: how long to wait for it to catch up.
  func promote(_ name: String, wait: Duration) async throws -> String {
    let end = ContinuousClock.now + wait
    while true {
      do {
        _ = try await self.leader { client, seed in try await client.promote(name, at: seed) }
        break
      } catch let error as AdminError where error.reason == .notLearner {
        break
      } catch let error as AdminError where error.reason == .notCaughtUp {
        guard .now + Self.promotionInterval < end else { throw error }
        self.progress.show("waiting for \(name) to catch up: it lacks \(Self.missing(error)) entries")
      }
      try await Task.sleep(for: Self.promotionInterval)
    }
    return "\(name) is a voter"
  }

  private static func missing(_ error: AdminError) -> String {
    guard case .refused(let refusal) = error else { return "some" }
    return refusal.metadata[AdminMetadata.missing] ?? "some"
  }

  func demote(_ name: String) async throws -> String {
    _ = try await self.leader { client, seed in try await client.demote(name, at: seed) }
    return "\(name) is a learner"
  }

  func remove(_ name: String) async throws -> String {
    let members = try await self.leader { client, seed in try await client.remove(name, at: seed) }
    return "\(name) is no member any more; the members are \(members.map(\.identity.name).joined(separator: ", "))"
  }

  func transferLeadership(to name: String?) async throws -> String {
    let leader = try await self.leader { client, seed in try await client.transferLeadership(to: name, at: seed) }
    return "\(leader) leads"
  }
}

/// What logctl refuses by itself.
struct ClusterRefusal: Error, Equatable, CustomStringConvertible {
  let description: String
}
