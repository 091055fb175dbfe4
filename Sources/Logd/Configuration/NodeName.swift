/// What a node may be called: what fits a DNS label sequence, a certificate and a gossip tag.
enum NodeName {
  static let rule = "1 to 253 letters, digits, hyphens, dots and underscores"

  static func isValid(_ name: String) -> Bool {
    (1...253).contains(name.utf8.count) && name.utf8.allSatisfy(isAllowed)
  }

  static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
