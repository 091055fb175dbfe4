/// How far the change of an authority's key is. Between two stages, all nodes and clients get what has changed.
package enum RollStage: String, Sendable, Hashable, CaseIterable {
  /// One authority.
  case none
  /// The new one is trusted as well, and the old one still signs.
  case trusted
  /// The new one signs, and the old one is still trusted.
  case signing
}

extension RollStage: CustomStringConvertible {
  package var description: String {
    switch self {
    case .none: "no roll is under way"
    case .trusted: "the new authority is in ca.pem, and the old one still signs"
    case .signing: "the new authority signs, and the old one is still in ca.pem"
    }
  }
}

extension RollStage {
  /// What can be done.
  package var next: String {
    switch self {
    case .none: "'logctl certs roll start' begins one"
    case .trusted: "next is 'logctl certs roll switch', or 'logctl certs roll abort' to take it back"
    case .signing: "next are 'logctl certs renew' and then 'logctl certs roll finish'"
    }
  }
}
