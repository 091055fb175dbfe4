import Authorization
package import Logging
import NIOCore
import ProgLogAPI
package import RPCServer
import Raft
import SwiftProtobuf

/// `proglog.admin.v1.Admin`, served on the event loop of the replica.
package struct AdminService: Sendable {
  package static let name = "proglog.admin.v1.Admin"

  private let control: any ClusterControl
  private let fingerprints: @Sendable () -> NodeFingerprints?
  private let addresses: ClientAddresses
  private let logger: Logger

  /// - Parameters:
  ///   - fingerprints: of the certificates in use; nil for a node without TLS.
  ///   - addresses: what callers are told of whom they should ask instead.
  package init(
    control: any ClusterControl, fingerprints: @escaping @Sendable () -> NodeFingerprints?,
    addresses: ClientAddresses, logger: Logger
  ) {
    self.control = control
    self.fingerprints = fingerprints
    self.addresses = addresses
    self.logger = logger
  }

  package var methods: [RPCMethod] {
    [
      unary("GetStatus", getStatus), unary("Bootstrap", bootstrap), unary("Join", join),
      unary("AddMember", addMember), unary("PromoteMember", promoteMember), unary("DemoteMember", demoteMember),
      unary("RemoveMember", removeMember), unary("TransferLeadership", transferLeadership),
      unary("Recover", recover),
    ]
  }

  private func unary<Request: SwiftProtobuf.Message>(
    _ method: String, _ answer: @escaping @Sendable (Request, RPCCall) throws(RPCStatus) -> Void
  ) -> RPCMethod {
    .unary("/\(Self.name)/\(method)") { bytes, call in
      let request: Request
      do {
        request = try Request(serializedBytes: Array(bytes.readableBytesView))
      } catch {
        return call.finish(RPCStatus(.invalidArgument, "the request is malformed: \(error)"))
      }
      do throws(RPCStatus) {
        try answer(request, call)
      } catch {
        call.finish(error)
      }
    }
  }

  @Sendable private func getStatus(_ request: Proglog_Admin_V1_GetStatusRequest, _ call: RPCCall) {
    call.respond(with: Proglog_Admin_V1_GetStatusResponse(control.nodeStatus, fingerprints()))
  }

  @Sendable private func bootstrap(_ request: Proglog_Admin_V1_BootstrapRequest, _ call: RPCCall) throws(RPCStatus) {
    let id = request.clusterID.isEmpty ? ClusterID.random() : try AdminField.clusterID(request.clusterID)
    var response = Proglog_Admin_V1_BootstrapResponse()
    response.clusterID = id
    // A second call for the same cluster finds what it asks for.
    if control.nodeStatus.clusterID == id, control.nodeStatus.configuration != nil {
      return call.respond(with: response)
    }
    let answer = response
    control.bootstrap(clusterID: id) { result in
      finish(call, "begin cluster \(id)", result) { _ in answer }
    }
  }

  // MARK: Changes

  @Sendable private func addMember(_ request: Proglog_Admin_V1_AddMemberRequest, _ call: RPCCall) throws(RPCStatus) {
    change(
      .addLearner(try Peer(request.node), address: try AdminField.address(request.rpcAddr)), call)
  }

  @Sendable private func promoteMember(
    _ request: Proglog_Admin_V1_PromoteMemberRequest, _ call: RPCCall
  ) throws(RPCStatus) {
    change(.promote(try AdminField.name(request.id, "id")), call)
  }

  @Sendable private func demoteMember(
    _ request: Proglog_Admin_V1_DemoteMemberRequest, _ call: RPCCall
  ) throws(RPCStatus) {
    change(.demote(try AdminField.name(request.id, "id")), call)
  }

  @Sendable private func removeMember(
    _ request: Proglog_Admin_V1_RemoveMemberRequest, _ call: RPCCall
  ) throws(RPCStatus) {
    change(.remove(try AdminField.name(request.id, "id")), call)
  }

  private func change(_ change: MembershipChange, _ call: RPCCall) {
    control.change(change) { result in
      finish(call, "\(change)", result) { Proglog_Admin_V1_ChangeResponse($0) }
    }
  }

  // MARK: Joining

  @Sendable private func join(_ request: Proglog_Admin_V1_JoinRequest, _ call: RPCCall) throws(RPCStatus) {
    let request = try JoinRequest(request)
    // A node that was broken into shall not have another's earlier life removed.
    if let caller = call.context.peer.identity as? Caller, caller.identity.profile == .node,
      caller.nodeName != request.peer.id.name
    {
      throw RPCStatus(
        .permissionDenied, "the certificate is \(caller.nodeName ?? "nobody")'s: it cannot join as \(request.peer.id)")
    }
    let plan = JoinPlan.next(request, status: control.nodeStatus)
    guard case .change(let change) = plan else { return answer(plan, to: request, call) }
    control.change(change) { result in
      guard case .failure(let refusal) = result else {
        return finish(call, "\(change), as \(request.peer) asked", result) { status in
          Proglog_Admin_V1_JoinResponse(.changed, for: request.peer, status)
        }
      }
      guard !call.isEnded else { return }
      answer(.after(refusal), to: request, call)
    }
  }

  private func answer(_ plan: JoinPlan, to request: JoinRequest, _ call: RPCCall) {
    let status = control.nodeStatus
    switch plan {
    case .done: call.respond(with: Proglog_Admin_V1_JoinResponse(.done, for: request.peer, status))
    case .wait(let wait):
      call.respond(with: Proglog_Admin_V1_JoinResponse(.wait, reason: "\(wait)", for: request.peer, status))
    case .refused(let refusal): call.finish(RPCStatus(refusal, status, leaderAddress(for: call)))
    case .change(let change): preconditionFailure("\(change) is to be made before \(request.peer) is answered")
    }
  }

  // MARK: Leadership

  @Sendable private func transferLeadership(
    _ request: Proglog_Admin_V1_TransferLeadershipRequest, _ call: RPCCall
  ) throws(RPCStatus) {
    let target = request.id.isEmpty ? nil : try AdminField.name(request.id, "id")
    let status = control.nodeStatus
    if let target, status.raft.role.role == .leader, target == status.peer.id {
      return call.respond(with: Self.leader(status))
    }
    control.transferLeadership(to: target) { result in
      finish(call, "hand leadership to \(target.map { "\($0)" } ?? "another node")", result) { Self.leader($0) }
    }
  }

  private static func leader(_ status: NodeStatus) -> Proglog_Admin_V1_TransferLeadershipResponse {
    var response = Proglog_Admin_V1_TransferLeadershipResponse()
    response.leaderID = status.raft.role.leader?.id.name ?? ""
    return response
  }

  // MARK: Recovery

  @Sendable private func recover(_ request: Proglog_Admin_V1_RecoverRequest, _ call: RPCCall) throws(RPCStatus) {
    let order = try ForceNewCluster(request)
    control.forceNewCluster(order) { result in
      finish(
        call, "give up cluster \(order.abandoned) and begin \(order.clusterID) alone",
        result.map { Proglog_Admin_V1_RecoverResponse($0) }.mapError { RPCStatus($0, order) })
    }
  }

  private func leaderAddress(for call: RPCCall) -> RPCStatus.LeaderAddress {
    { [addresses, authority = call.authority] in
      addresses.address(of: $0.peer.id.name, registered: $0.address, for: authority)
    }
  }

  private func finish(
    _ call: RPCCall, _ deed: String, _ result: Result<Void, ChangeRefusal>,
    _ response: (NodeStatus) -> some SwiftProtobuf.Message
  ) {
    let status = control.nodeStatus
    finish(
      call, deed,
      result.map { _ in response(status) }.mapError { RPCStatus($0, status, leaderAddress(for: call)) })
  }

  /// Notes what an administrator, or a node, has asked for, and answers.
  private func finish(
    _ call: RPCCall, _ deed: String, _ result: Result<some SwiftProtobuf.Message, RPCStatus>
  ) {
    let from = call.peer.remoteAddress.map { "\($0)" } ?? "unknown"
    switch result {
    case .success(let response):
      logger.notice("administration: done", metadata: ["what": "\(deed)", "from": "\(from)"])
      // A call that its client gave up was carried out all the same; nobody is there to be told.
      if !call.isEnded { call.respond(with: response) }
    case .failure(let refused):
      logger.notice(
        "administration: refused", metadata: ["what": "\(deed)", "why": "\(refused.message)", "from": "\(from)"])
      if !call.isEnded { call.finish(refused) }
    }
  }
}
