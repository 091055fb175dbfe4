internal import FoundationEssentials

/// Serf's keyring file: a JSON array of base64 keys, of which the first encrypts.
package enum KeyringFile {
  /// Far more than the most keys take.
  static let maximumBytes = 64 * 1024

  package struct Unusable: Error, Hashable, CustomStringConvertible {
    package var path: String
    package var reason: String

    package var description: String { "the keyring \(path) cannot be used: \(reason)" }
  }

  package static func load(_ path: String) throws(Unusable) -> Keyring {
    let bytes: [UInt8]
    do { bytes = try SmallFile.read(path, limit: maximumBytes) } catch let error {
      throw Unusable(path: path, reason: error.description)
    }
    return try parse(bytes, path: path)
  }

  package static func parse(_ bytes: [UInt8], path: String) throws(Unusable) -> Keyring {
    guard let texts = try? JSONDecoder().decode([String].self, from: Data(bytes)) else {
      throw Unusable(path: path, reason: #"it is not a JSON array of base64 keys, such as ["…", "…"]"#)
    }
    guard texts.count <= WireLimits.keys else {
      throw Unusable(path: path, reason: "it has \(texts.count) keys, and at most \(WireLimits.keys) are taken")
    }
    var keys: [GossipKey] = []
    for (index, text) in texts.enumerated() {
      do { keys.append(try GossipKey(base64: text)) } catch let error {
        throw Unusable(path: path, reason: "key \(index + 1) of \(texts.count): \(error)")
      }
    }
    do { return try Keyring(keys) } catch let error { throw Unusable(path: path, reason: error.description) }
  }

  /// Replaces the file in one step, readable by its owner only.
  package static func save(_ keyring: Keyring, to path: String) throws(Unusable) {
    do { try SmallFile.replace(path, with: encode(keyring)) } catch let error {
      throw Unusable(path: path, reason: error.description)
    }
  }

  /// Base64 needs no escapes.
  static func encode(_ keyring: Keyring) -> [UInt8] {
    let lines = keyring.keys.map { "  \"\($0.base64)\"" }
    return Array("[\n\(lines.joined(separator: ",\n"))\n]\n".utf8)
  }
}
