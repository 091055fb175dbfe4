import FuzzSupport

@testable import Gossip

extension FuzzTarget {
  /// Compressed bytes when the first one is even, else bytes to compress.
  static let lzw = FuzzTarget(
    "lzw", maximumBytes: 8192,
    seeds: {
      let texts: [[UInt8]] = [[], [0], Array(0...255), Array(repeating: 7, count: 5000), Array("abcabcabcabd".utf8)]
      return texts.map { [0] + LZW.compress($0) } + texts.map { [1] + $0 }
    },
    run: { input in
      let bytes = Array(input.dropFirst())
      if (input.first ?? 0) & 1 != 0 {
        try require(try LZW.decompress(LZW.compress(bytes), limit: bytes.count) == bytes, "the text does not come back")
        return true
      }
      do {
        let text = try LZW.decompress(bytes, limit: 20_000)
        try require(text.count <= 20_000, "\(text.count) bytes are over the limit")
        try require(try LZW.decompress(LZW.compress(text), limit: text.count) == text, "the text does not come back")
        return true
      } catch let error as WireError {
        if case .tooLong(let count, _) = error.reason {
          try require(count <= 20_000 + 4096, "\(count) bytes came out before the limit was seen")
        }
        return false
      }
    })

  static let keyringFile = FuzzTarget(
    "keyring-file", maximumBytes: 4096,
    seeds: {
      let keys = [try GossipKey(Array(0..<16)), try GossipKey(Array(0..<24)), try GossipKey(Array(0..<32))]
      return [KeyringFile.encode(try Keyring(keys)), Array(#"["QUFBQUFBQUFBQUFBQUFBQQ=="]"#.utf8)]
    },
    run: { input in
      do {
        let keyring = try KeyringFile.parse(input, path: "keys")
        try require(
          try KeyringFile.parse(KeyringFile.encode(keyring), path: "keys") == keyring, "a keyring does not come back")
        return true
      } catch let error as KeyringFile.Unusable {
        try require(error.description.hasPrefix("the keyring keys cannot be used: "), "\(error)")
        return false
      }
    })

  /// The first byte: bit 0 takes the rest for plaintext, seals it, changes a byte of it and opens it; bit 1 makes it a
  /// stream's.
  static let encryptedGossip = FuzzTarget(
    "encrypted-gossip", maximumBytes: 1500,
    seeds: {
      let keyring = try GossipSamples.keyring()
      return [
        [0] + keyring.seal(packet: [1, 2, 3]), [2] + keyring.seal(stream: [1, 2, 3]), [1, 0, 0, 0, 7, 7],
        [3, 20, 0, 1, 7, 7],
      ]
    },
    run: { input in
      let keyring = try GossipSamples.keyring()
      var choices = FuzzInput(input)
      let choice = choices.byte()
      let isStream = choice & 2 != 0
      func open(_ bytes: [UInt8]) throws -> [UInt8] {
        try isStream ? keyring.open(stream: bytes) : keyring.open(packet: bytes)
      }
      guard choice & 1 != 0 else {
        do {
          _ = try open(choices.rest())
          return true
        } catch is WireError { return false }
      }
      let (position, change) = (choices.integer(UInt16.self), choices.byte())
      let plaintext = choices.rest()
      var sealed = isStream ? keyring.seal(stream: plaintext) : keyring.seal(packet: plaintext)
      try require(try open(sealed) == plaintext, "what is sealed does not open")
      let version = isStream ? Keyring.streamPrefixBytes : 0
      let changed = Int(position) % sealed.count
      guard change != 0, changed != version else { return true }
      sealed[changed] ^= change
      do {
        _ = try open(sealed)
        throw Violation("changed at \(changed) of \(sealed.count) it opens")
      } catch is WireError { return true }
    })
}
