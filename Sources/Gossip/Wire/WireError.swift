/// Bytes of a peer that are no message of memberlist or Serf.
package struct WireError: Error, Hashable, CustomStringConvertible {
  package enum Reason: Hashable, Sendable {
    /// The bytes end within a value. At least so many more are needed to tell what it is.
    case incomplete(missing: Int)
    case unexpectedType(byte: UInt8, expected: String)
    case outOfRange(type: String)
    case tooLong(count: Int, limit: Int)
    case tooDeep(limit: Int)
    case invalidText
    case missing(field: String)
    case invalidField(field: String, why: String)
    case unknownMessage(type: UInt8)
    case nested(type: UInt8)
    case labelled
    case wrongChecksum(expected: UInt32, found: UInt32)
    case unknownCompression(algorithm: UInt64)
    case corruptCompression
    case encryptionIsOff
    case notEncrypted
    case unknownEncryption(version: UInt8)
    case undecryptable
  }

  package var reason: Reason
  /// Where in the message, in bytes from its start once encryption and compression are taken off.
  package var position: Int

  package init(_ reason: Reason, at position: Int) {
    self.reason = reason
    self.position = position
  }

  package var description: String { "\(reasonText) (at byte \(position))" }

  private var reasonText: String {
    switch reason {
    case .incomplete(let missing): "the message ends \(missing) bytes or more too early"
    case .unexpectedType(let byte, let expected): "\(expected) expected, not the msgpack type \(hexadecimal(byte))"
    case .outOfRange(let type): "a number does not fit into \(type)"
    case .tooLong(let count, let limit): "\(count) where at most \(limit) are taken"
    case .tooDeep(let limit): "values are nested more than \(limit) deep"
    case .invalidText: "a text is not UTF-8"
    case .missing(let field): "the field \(field) is missing"
    case .invalidField(let field, let why): "the field \(field) \(why)"
    case .unknownMessage(Self.typeOfTLS): "it begins like TLS, which gossip does not speak: the keyring encrypts"
    case .unknownMessage(let type): "no message has the type \(type)"
    case .nested(let type): "a message of type \(type) stands where none may"
    case .labelled: "the sender uses memberlist labels, which are not supported: run it without a label"
    case .wrongChecksum(let expected, let found):
      "the checksum is \(hexadecimal(found)) where the bytes have \(hexadecimal(expected))"
    case .unknownCompression(let algorithm): "compression \(algorithm) is not known, only LZW (0)"
    case .corruptCompression: "the compressed bytes are corrupt"
    case .encryptionIsOff: "the sender encrypts, and no keyring is set here: give all members the same keyring"
    case .notEncrypted: "the sender does not encrypt: give it the keyring of this cluster"
    case .unknownEncryption(let version):
      "encryption version \(version) is not known, or the sender does not encrypt: give all members the same keyring"
    case .undecryptable: "no key of the keyring decrypts it, or it is not encrypted: give all members the same keyring"
    }
  }

  /// The first byte of a handshake of TLS.
  private static let typeOfTLS: UInt8 = 0x16

  private func hexadecimal(_ number: some BinaryInteger) -> String { "0x" + String(number, radix: 16) }
}
