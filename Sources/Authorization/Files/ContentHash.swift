/// Tells whether a model and a policy are what they were, and lets operators see whether two nodes have the same:
/// FNV-1a of both texts. It does not withstand somebody who looks for two policies with one hash; who writes the
/// policy need not.
package struct ContentHash: Sendable, Hashable, CustomStringConvertible {
  private var value: UInt64 = 0xCBF2_9CE4_8422_2325

  init(model: SourceFile, policy: SourceFile) {
    add(model.bytes)
    // In no text: where one ends and the other begins.
    add([0xFF])
    add(policy.bytes)
  }

  private mutating func add(_ bytes: [UInt8]) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
  }

  /// 16 hexadecimal digits.
  package var description: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
