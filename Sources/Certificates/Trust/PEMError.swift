/// What is wrong with a text that should hold certificates or a key.
package enum PEMError: Error, Hashable {
  case tooLong(bytes: Int, limit: Int)
  case nothing(expected: String)
  /// Neither text nor PEM, or PEM that ends too early.
  case malformed(String)
  /// There is something else in it.
  case unexpected(found: String, expected: String)
  case tooMany(count: Int, limit: Int)
  /// The block, counted from 1, and why it is none.
  case certificate(ordinal: Int, String)
  case key(String)
  case encryptedKey
  case severalKeys(Int)
  /// The certificate, counted from 1, and why it cannot be trusted to sign.
  case notAnAuthority(ordinal: Int, subject: String, String)
}

extension PEMError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tooLong(let bytes, let limit): "\(bytes) bytes are more than the \(limit) that such a file may have"
    case .nothing(let expected): "no '-----BEGIN \(expected)-----' in it: it must be PEM"
    case .malformed(let reason): "it is no valid PEM: \(reason)"
    case .unexpected(let found, let expected): "a \(found) is in it, where only a \(expected) belongs"
    case .tooMany(let count, let limit): "\(count) certificates are more than \(limit)"
    case .certificate(let ordinal, let reason): "certificate \(ordinal) in it cannot be read: \(reason)"
    case .key(let reason): "the key cannot be read: \(reason)"
    case .encryptedKey: "the key is encrypted: store it without a passphrase, readable by its owner only"
    case .severalKeys(let count): "\(count) keys are in it, where one belongs"
    case .notAnAuthority(let ordinal, let subject, let reason):
      "certificate \(ordinal) in it (\(subject)) is no authority: \(reason)"
    }
  }
}
