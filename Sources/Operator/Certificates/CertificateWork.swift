/// Keys and certificates that are to be made. The plan says which, the shell makes them: keys are random.
///
/// Each work writes one Secret as a whole, so that a stop in the middle leaves the one before or the one after.
enum CertificateWork: Sendable, Hashable {
  /// The authority Secret, with a new key. While certificates of a lost one are in use, it signs only once all trust
  /// it.
  case createAuthority
  /// The authority Secret with the keys that it has, and with all that must be trusted.
  case repairAuthority
  /// Adds the next authority to what is trusted; the old one still signs.
  case startRoll(token: String)
  /// Lets the next authority sign; both are trusted.
  case switchRoll
  /// Trusts and keeps the one that signs alone.
  case finishRoll
  /// The server Secret: these leaves anew, the other ones as they are, and no other.
  case issueForServers([LeafRequest], keep: [LeafRequest])
  /// A user's Secret: its leaf anew, or, when it is nil, just what is trusted.
  case issueForUser(name: String, LeafRequest?)
  /// The server Secret from the Secrets that somebody else writes; `digest` tells which contents.
  case copySecrets(digest: String)

  /// A certificate that is to be, and for whom.
  struct LeafRequest: Sendable, Hashable {
    enum Use: Sendable, Hashable {
      /// Shown to other nodes, by the pod's name.
      case node(pod: String)
      /// Shown to clients, by the pod's name.
      case server(pod: String)
      case user
    }

    var use: Use
    var commonName: String
    /// DNS names and IP addresses as text, sorted.
    var names: [String]
    /// In seconds.
    var lifetime: Int64
  }

  var verb: String {
    switch self {
    case .createAuthority: "make the authority in"
    case .repairAuthority: "repair the authority in"
    case .startRoll: "add the next authority to"
    case .switchRoll: "let the next authority sign in"
    case .finishRoll: "drop the old authority from"
    case .issueForServers, .issueForUser: "issue certificates into"
    case .copySecrets: "copy certificates into"
    }
  }
}
