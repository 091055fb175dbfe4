import GRPCCore
import GRPCNIOTransportHTTP2Posix
import ProgLogAPI

/// Asks nodes about their cluster, and asks for changes of it.
///
/// A connection for each call: calls are rare, and whom to ask changes. Every call throws ``AdminError``, or
/// `CancellationError`.
package struct AdminClient: Sendable {
  private typealias Stub = Proglog_Admin_V1_Admin.Client<HTTP2ClientTransport.Posix>

  /// A lost SYN is sent again after one second and after three (RFC 6298 §2.1, §5.5), and a machine that is gone answers none.
  package static let defaultConnectionTimeout = Duration.seconds(5)

  /// For one call and its connection.
  package var timeout: Duration
  /// For the connection, so that a node that is gone does not use up the time of those that are asked after it.
  package var connectionTimeout: Duration
  package var security: ClientSecurity

  package init(
    timeout: Duration, connectionTimeout: Duration = AdminClient.defaultConnectionTimeout,
    security: ClientSecurity = .plaintext
  ) {
    self.timeout = timeout
    self.security = security
    self.connectionTimeout = min(connectionTimeout, timeout)
  }

  package func status(of address: NodeAddress) async throws -> NodeReport {
    try await self.call(address, changes: false) { admin, options in
      try NodeReport(try await admin.getStatus(Proglog_Admin_V1_GetStatusRequest(), options: options))
    }
  }

  /// Begins a cluster of that node alone, and returns its id.
  ///
  /// - Parameter clusterID: `nil`: the node makes one.
  package func bootstrap(_ address: NodeAddress, clusterID: String?) async throws -> String {
    var request = Proglog_Admin_V1_BootstrapRequest()
    request.clusterID = clusterID ?? ""
    let message = request
    return try await self.call(address, changes: true) { admin, options in
      try await admin.bootstrap(message, options: options).clusterID
    }
  }

  package func join(_ question: JoinQuestion, at address: NodeAddress) async throws -> JoinAnswer {
    var request = Proglog_Admin_V1_JoinRequest()
    request.node = question.identity.message
    request.rpcAddr = question.address
    request.role = question.role.message
    request.clusterID = question.clusterID ?? ""
    request.isMember = question.wasMember
    let message = request
    return try await self.call(address, changes: true) { admin, options in
      try JoinAnswer(try await admin.join(message, options: options))
    }
  }

  /// Adds a learner.
  ///
  /// - Returns: the members as they are then; so do the other changes.
  package func add(
    _ node: NodeIdentity, memberAddress: String, at address: NodeAddress
  ) async throws
    -> [ClusterMember]
  {
    var request = Proglog_Admin_V1_AddMemberRequest()
    request.node = node.message
    request.rpcAddr = memberAddress
    let message = request
    return try await self.change(address) { admin, options in try await admin.addMember(message, options: options) }
  }

  package func promote(_ name: String, at address: NodeAddress) async throws -> [ClusterMember] {
    var request = Proglog_Admin_V1_PromoteMemberRequest()
    request.id = name
    let message = request
    return try await self.change(address) { admin, options in
      try await admin.promoteMember(message, options: options)
    }
  }

  package func demote(_ name: String, at address: NodeAddress) async throws -> [ClusterMember] {
    var request = Proglog_Admin_V1_DemoteMemberRequest()
    request.id = name
    let message = request
    return try await self.change(address) { admin, options in try await admin.demoteMember(message, options: options) }
  }

  package func remove(_ name: String, at address: NodeAddress) async throws -> [ClusterMember] {
    var request = Proglog_Admin_V1_RemoveMemberRequest()
    request.id = name
    let message = request
    return try await self.change(address) { admin, options in try await admin.removeMember(message, options: options) }
  }

  /// Hands leadership over, and returns the name of who leads then.
  ///
  /// - Parameter name: `nil`: to whoever is the most caught up.
  package func transferLeadership(to name: String?, at address: NodeAddress) async throws -> String {
    var request = Proglog_Admin_V1_TransferLeadershipRequest()
    request.id = name ?? ""
    let message = request
    return try await self.call(address, changes: true) { admin, options in
      try await admin.transferLeadership(message, options: options).leaderID
    }
  }

  /// Has a node that hears no leader go on alone, as another cluster with its log.
  ///
  /// - Parameters:
  ///   - clusterID: that is given up.
  ///   - newClusterID: `nil`: the node makes one. With one, the same call may be made again.
  ///   - lastIndex: the end of the node's log, as its status showed it.
  package func recover(
    _ address: NodeAddress, abandoning clusterID: String, newClusterID: String?, lastIndex: UInt64
  ) async throws -> RecoveredCluster {
    var request = Proglog_Admin_V1_RecoverRequest()
    request.clusterID = clusterID
    request.newClusterID = newClusterID ?? ""
    request.lastIndex = lastIndex
    let message = request
    return try await self.call(address, changes: true) { admin, options in
      let response = try await admin.recover(message, options: options)
      return RecoveredCluster(
        clusterID: response.clusterID, commitIndex: response.commitIndex, lastIndex: response.lastIndex)
    }
  }

  private func change(
    _ address: NodeAddress,
    _ body: @escaping @Sendable (Stub, CallOptions) async throws -> Proglog_Admin_V1_ChangeResponse
  ) async throws -> [ClusterMember] {
    try await self.call(address, changes: true) { admin, options in
      try ClusterMember.list(try await body(admin, options).members)
    }
  }

  private func call<Result: Sendable>(
    _ address: NodeAddress, changes: Bool, _ body: @escaping @Sendable (Stub, CallOptions) async throws -> Result
  ) async throws -> Result {
    let tracker = CallTracker()
    do {
      return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await self.connectAndCall(address, tracker, body) }
        group.addTask {
          try await Task.sleep(for: self.connectionTimeout)
          if tracker.wasOpened { return nil }
          throw RPCError(code: .unavailable, message: "no connection within \(self.connectionTimeout)")
        }
        defer { group.cancelAll() }
        while let answer = try await group.next() {
          if let answer { return answer }
        }
        preconditionFailure("a call to \(address) ended without an answer and without an error")
      }
    } catch {
      if Task.isCancelled { throw CancellationError() }
      throw AdminError(
        error, address: address, wasOpened: tracker.wasOpened, changes: changes, timeout: self.timeout)
    }
  }

  private func connectAndCall<Result: Sendable>(
    _ address: NodeAddress, _ tracker: CallTracker, _ body: (Stub, CallOptions) async throws -> Result
  ) async throws -> Result {
    let transport = try self.security.transport(
      to: address, serverName: nil, material: try self.security.material(), config: .defaults)
    var options = CallOptions.defaults
    options.timeout = self.timeout
    return try await withGRPCClient(transport: transport, interceptors: [CallTracker.Interceptor()]) { client in
      try await CallTracker.$current.withValue(tracker) { try await body(Stub(wrapping: client), options) }
    }
  }
}

extension JoinAnswer {
  init(_ response: Proglog_Admin_V1_JoinResponse) throws(ProgLogError) {
    let step: Step
    switch response.step {
    case .done: step = .done
    case .changed: step = .changed
    case .wait: step = .wait(reason: response.reason)
    case .unspecified, .UNRECOGNIZED:
      throw .protocolViolation("it answered a Join with a step that this program does not know")
    }
    self.init(step: step, clusterID: response.clusterID, role: ClusterMember.Role(response.role))
  }
}
