package import Authorization

/// Who calls, as its certificate says.
package struct Caller: Hashable, Sendable {
  package var identity: Identity
  /// Of a node: its `--node-name`. nil for everybody else.
  package var nodeName: String?

  package init(identity: Identity, nodeName: String? = nil) {
    self.identity = identity
    self.nodeName = nodeName
  }
}
