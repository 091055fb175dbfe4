internal import Crypto
internal import FoundationEssentials

/// A key of AES-128, AES-192 or AES-256. Never printed.
package struct GossipKey: Hashable, Sendable {
  package static let sizes = [16, 24, 32]

  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) throws(KeyringError) {
    guard Self.sizes.contains(bytes.count) else { throw KeyringError.size(bytes.count) }
    self.bytes = bytes
  }

  package init(base64 text: String) throws(KeyringError) {
    guard let data = Data(base64Encoded: text) else { throw KeyringError.notBase64 }
    try self.init([UInt8](data))
  }

  package var base64: String { Data(bytes).base64EncodedString() }

  /// Of 32 bytes.
  package static func random() -> Self {
    var generator = SystemRandomNumberGenerator()
    do {
      return try Self((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    } catch {
      preconditionFailure("32 bytes are a key, and yet: \(error)")
    }
  }

  var symmetricKey: SymmetricKey { SymmetricKey(data: bytes) }
}

/// Why a keyring cannot be, or cannot be changed so.
package enum KeyringError: Error, Hashable, CustomStringConvertible {
  case size(Int)
  case notBase64
  case empty
  case full
  case notInstalled
  case isPrimary

  package var description: String {
    switch self {
    case .size(let count): "a key has 16, 24 or 32 bytes, and this one has \(count)"
    case .notBase64: "a key is base64 text, and this one is not: `serf keygen` makes one"
    case .empty: "there is no key: a keyring has at least one"
    case .full: "the keyring has \(WireLimits.keys) keys: remove one first"
    case .notInstalled: "requested key is not in the keyring"
    case .isPrimary: "removing the primary key is not allowed"
    }
  }
}
