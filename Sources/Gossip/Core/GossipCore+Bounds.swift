/// What may be believed of what a packet says.
extension GossipCore {
  func isWellFormed(_ name: MemberName) -> Bool {
    (1...settings.maximumNameBytes).contains(name.text.utf8.count)
  }

  /// Whether a member of these may be known at all; counts why not.
  mutating func isAcceptable(_ alive: Alive) -> Bool {
    guard isWellFormed(alive.member), alive.meta.count <= settings.maximumMetaBytes, alive.address.isUsable else {
      counts.malformed += 1
      return false
    }
    guard alive.versions.meets(.ours) else {
      counts.incompatible += 1
      return false
    }
    guard settings.admits(alive.member, alive.meta) else {
      counts.notAdmitted += 1
      return false
    }
    return true
  }
}

extension GossipAddress {
  /// IPv4 or IPv6, and a port.
  var isUsable: Bool { (bytes.count == 4 || bytes.count == 16) && port != 0 }
}

extension ProtocolVersions {
  /// Whether each speaks what the other understands.
  func meets(_ other: Self) -> Bool {
    guard minimum > 0, minimum <= maximum, userMinimum <= userMaximum else { return false }
    return (other.minimum...other.maximum).contains(current) && (minimum...maximum).contains(other.current)
      && (other.userMinimum...other.userMaximum).contains(userCurrent)
      && (userMinimum...userMaximum).contains(other.userCurrent)
  }
}

extension Incarnation {
  /// The last one stays: a number that somebody made up must not stop a node.
  var following: Self { value == .max ? self : Self(value + 1) }
}
