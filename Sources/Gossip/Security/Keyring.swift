/// The keys of a cluster: the first encrypts, all decrypt. A rotation is: install the new key everywhere, use it
/// everywhere, remove the old one everywhere.
package struct Keyring: Hashable, Sendable {
  package private(set) var keys: [GossipKey]

  /// - Parameter keys: the first is the one to encrypt with; what comes twice counts once.
  package init(_ keys: [GossipKey]) throws(KeyringError) {
    guard !keys.isEmpty else { throw KeyringError.empty }
    self.keys = []
    for key in keys { try install(key) }
  }

  package var primary: GossipKey { keys[0] }

  /// Installing a key that is there changes nothing, so that a rotation can be repeated.
  package mutating func install(_ key: GossipKey) throws(KeyringError) {
    guard !keys.contains(key) else { return }
    guard keys.count < WireLimits.keys else { throw KeyringError.full }
    keys.append(key)
  }

  package mutating func use(_ key: GossipKey) throws(KeyringError) {
    guard let index = keys.firstIndex(of: key) else { throw KeyringError.notInstalled }
    keys.remove(at: index)
    keys.insert(key, at: 0)
  }

  /// Removing a key that is not there changes nothing.
  package mutating func remove(_ key: GossipKey) throws(KeyringError) {
    guard key != primary else { throw KeyringError.isPrimary }
    keys.removeAll { $0 == key }
  }
}
