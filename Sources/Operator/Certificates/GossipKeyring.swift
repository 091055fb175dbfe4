import FoundationEssentials

/// The key that gossip is encrypted with, as the servers read it: a JSON list of Base64 keys, of which the first
/// encrypts.
enum GossipKeyring {
  /// AES-256's.
  private static let keyBytes = 32
  /// AES-128's, AES-192's and AES-256's: what somebody has put there is kept as long as it can be used.
  private static let usableSizes = [16, 24, 32]

  static func random() -> String {
    var generator = SystemRandomNumberGenerator()
    let key = Data((0..<keyBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    return "[\n  \"\(key.base64EncodedString())\"\n]\n"
  }

  static func isUsable(_ text: String?) -> Bool {
    guard let text, let keys = try? JSONDecoder().decode([String].self, from: Data(text.utf8)) else { return false }
    return !keys.isEmpty && keys.allSatisfy { Data(base64Encoded: $0).map { usableSizes.contains($0.count) } ?? false }
  }
}
