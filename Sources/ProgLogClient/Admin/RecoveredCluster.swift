/// What a cluster was begun with after most of another one was lost.
package struct RecoveredCluster: Sendable, Hashable {
  package var clusterID: String
  /// Up to here the node knew entries to be committed. Those up to `lastIndex` are kept, whether they were or not.
  package var commitIndex: UInt64
  /// What the old cluster may have committed after this is lost.
  package var lastIndex: UInt64

  package init(clusterID: String, commitIndex: UInt64, lastIndex: UInt64) {
    self.clusterID = clusterID
    self.commitIndex = commitIndex
    self.lastIndex = lastIndex
  }
}
