internal import Crypto
internal import FoundationEssentials

/// AES-GCM as memberlist uses it (its `security.go`): a version, a nonce of 12 bytes, the ciphertext, a tag of 16
/// bytes.
extension Keyring {
  /// What encryption adds to a packet.
  package static let packetOverhead = 1 + nonceBytes + tagBytes
  /// Before the encrypted bytes on a stream: a type, and how many they are in 32 bits. Authenticated with them.
  static let streamPrefixBytes = 5
  private static let nonceBytes = 12
  private static let tagBytes = 16
  private static let blockBytes = 16

  package func seal(packet: [UInt8]) -> [UInt8] { seal(packet, authenticating: []) }

  package func open(packet: [UInt8]) throws(WireError) -> [UInt8] {
    try open(packet[...], authenticating: [])
  }

  func seal(stream message: [UInt8]) -> [UInt8] {
    let prefix = Self.streamPrefix(count: message.count + Self.packetOverhead)
    return prefix + seal(message, authenticating: prefix)
  }

  /// - Parameter message: with its prefix, and nothing behind it.
  func open(stream message: [UInt8]) throws(WireError) -> [UInt8] {
    guard message.count >= Self.streamPrefixBytes else {
      throw WireError(.incomplete(missing: Self.streamPrefixBytes - message.count), at: message.count)
    }
    return try open(
      message[Self.streamPrefixBytes...], authenticating: Array(message.prefix(Self.streamPrefixBytes)))
  }

  private static func streamPrefix(count: Int) -> [UInt8] {
    guard let count = UInt32(exactly: count) else { preconditionFailure("\(count) bytes are no message") }
    return withUnsafeBytes(of: count.bigEndian) { [MemberlistType.encrypted.rawValue] + $0 }
  }

  /// Version 1, which every member of memberlist's protocol 2 reads.
  private func seal(_ plaintext: [UInt8], authenticating prefix: [UInt8]) -> [UInt8] {
    do {
      let box = try AES.GCM.seal(plaintext, using: primary.symmetricKey, authenticating: prefix)
      var sealed: [UInt8] = [1]
      sealed.reserveCapacity(plaintext.count + Self.packetOverhead)
      box.nonce.withUnsafeBytes { sealed += $0 }
      sealed += box.ciphertext
      sealed += box.tag
      return sealed
    } catch {
      preconditionFailure("AES-GCM takes any bytes with a key of \(primary.bytes.count) bytes, and yet: \(error)")
    }
  }

  private func open(_ sealed: ArraySlice<UInt8>, authenticating prefix: [UInt8]) throws(WireError) -> [UInt8] {
    guard let version = sealed.first else { throw WireError(.incomplete(missing: 1), at: sealed.startIndex) }
    guard version <= 1 else { throw WireError(.unknownEncryption(version: version), at: sealed.startIndex) }
    guard sealed.count >= Self.packetOverhead, let box = try? AES.GCM.SealedBox(combined: sealed.dropFirst()) else {
      throw WireError(.undecryptable, at: sealed.startIndex)
    }
    for key in keys {
      guard let opened = try? AES.GCM.open(box, using: key.symmetricKey, authenticating: prefix) else { continue }
      let plaintext = [UInt8](opened)
      return version == 0 ? try Self.unpadded(plaintext) : plaintext
    }
    throw WireError(.undecryptable, at: sealed.startIndex)
  }

  /// Version 0 pads to blocks (PKCS #7). The version is not authenticated: whoever changes it takes bytes off the end
  /// of a message, which then cannot be read.
  private static func unpadded(_ plaintext: [UInt8]) throws(WireError) -> [UInt8] {
    guard let padding = plaintext.last, (1...blockBytes).contains(Int(padding)), plaintext.count >= Int(padding) else {
      throw WireError(.undecryptable, at: 0)
    }
    return Array(plaintext.dropLast(Int(padding)))
  }
}
