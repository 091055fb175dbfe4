import CommitLog
import Logging
import NIOCore
import Raft

/// Going on alone, in three steps of which each may be the last before a crash:
///
/// 1. The log's metadata says that it belongs to the new cluster, and that this is being begun. Nobody of the old one is listened to
///    any more, for every greeting has the cluster. Before this is on the disk everything is as it was; after it there is no way
///    back, and every start goes on with the second step.
/// 2. The core appends the configuration of which this node is the only voter, and commits it.
/// 3. The metadata says no more that the cluster is being begun.
extension Replica {
  package func forceNewCluster(
    _ order: ForceNewCluster,
    completion: @escaping (Result<ForceNewCluster.Outcome, ForceNewCluster.Refusal>) -> Void
  ) {
    guard !state.isClosed, let transport = state.transport else { return completion(.failure(.stopping)) }
    switch order.step(nodeStatus, patience: configuration.raft.electionTimeout) {
    case .refused(let refusal): completion(.failure(refusal))
    case .done(let outcome): completion(.success(outcome))
    case .begin(let outcome):
      state.newCluster = ReplicaState.NewCluster(
        id: order.clusterID, completion: completion, outcome: outcome, abandoned: state.notedClusterID)
      state.notedClusterID = order.clusterID
      // Closes all connections to the old one's nodes, and with that nothing of them is heard while the disk writes.
      transport.identity.clusterID = order.clusterID
      logger.notice(
        "giving up the cluster and beginning another one with its log",
        metadata: ["given_up": "\(order.abandoned)", "cluster": "\(order.clusterID)"])
      submit { (writer) throws(LogWriterError) in try writer.submitClusterBeginning(order.clusterID) }
    }
  }

  /// The first step is on the disk.
  func newClusterNoted() {
    state.newCluster?.isNoted = true
    continueNewCluster()
  }

  /// The first step was refused by the disk: all is as it was.
  func newClusterRefused() {
    guard let newCluster = state.newCluster, !newCluster.isNoted else { return }
    state.newCluster = nil
    state.notedClusterID = newCluster.abandoned
    state.transport?.identity.clusterID = clusterID
    newCluster.completion?(.failure(.noRoom))
  }

  /// The second step, and again where it was refused: by a disk that was full, most likely.
  func continueNewCluster() {
    guard let newCluster = state.newCluster, newCluster.isNoted, !newCluster.isAsked, state.transport != nil,
      state.core.status.configuration?.configuration.clusterID != newCluster.id
    else { return }
    state.newCluster?.isAsked = true
    state.newCluster?.completion = nil
    let address = state.address
    let completion: ReplicaState.ChangeCompletion = { result in
      self.state.newCluster?.isAsked = false
      switch result {
      case .success: newCluster.completion?(.success(newCluster.outcome))
      case .failure: newCluster.completion?(.failure(.unfinished(newCluster.outcome)))
      }
    }
    ask(completion) { .forceNewCluster(clusterID: newCluster.id, address: address, $0) }
  }

  /// The second step is done.
  func newClusterCommitted(_ configuration: Raft.Configuration) {
    guard let newCluster = state.newCluster, newCluster.id == configuration.clusterID else { return }
    state.newCluster = nil
    state.owesClusterBegun = true
    logger.notice("began a cluster with the log of another", metadata: ["cluster": "\(newCluster.id)"])
    noteClusterBegun()
  }

  /// The third step; a refusal comes back as an event, and then it is owed again.
  func noteClusterBegun() {
    guard state.owesClusterBegun else { return }
    state.owesClusterBegun = false
    submit { (writer) throws(LogWriterError) in try writer.submitClusterBegun() }
  }
}
