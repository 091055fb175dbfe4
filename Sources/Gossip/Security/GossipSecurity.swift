/// Whether and how a node encrypts.
package struct GossipSecurity: Hashable, Sendable {
  /// nil: everything is plaintext.
  package var keyring: Keyring?
  /// Whether plaintext is refused where there is a keyring: memberlist's GossipVerifyIncoming. Off only while a running
  /// cluster is given its first keyring: then all nodes get the keyring with both off, then all encrypt, then all
  /// verify.
  package var verifiesIncoming = true
  /// memberlist's GossipVerifyOutgoing.
  package var encryptsOutgoing = true

  package init(keyring: Keyring? = nil, verifiesIncoming: Bool = true, encryptsOutgoing: Bool = true) {
    self.keyring = keyring
    self.verifiesIncoming = verifiesIncoming
    self.encryptsOutgoing = encryptsOutgoing
  }

  package func seal(packet: [UInt8]) -> [UInt8] {
    guard encryptsOutgoing, let keyring else { return packet }
    return keyring.seal(packet: packet)
  }

  package func open(packet: [UInt8]) throws(WireError) -> [UInt8] {
    guard packet.first != MemberlistType.labelled.rawValue else { throw WireError(.labelled, at: 0) }
    guard let keyring else { return packet }
    do { return try keyring.open(packet: packet) } catch let error {
      guard !verifiesIncoming else { throw error }
      return packet
    }
  }

  package func seal(stream message: [UInt8]) -> [UInt8] {
    guard encryptsOutgoing, let keyring else { return message }
    return keyring.seal(stream: message)
  }
}
