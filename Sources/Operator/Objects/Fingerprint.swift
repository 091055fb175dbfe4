import KubernetesClient

/// Tells whether a document changed: 64-bit FNV-1a over it in a canonical order. No defence against somebody who wants
/// two documents to look alike; whoever may write them needs no trick.
struct Fingerprint: Sendable, Hashable {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  init(_ value: JSONValue) { add(value) }
  init(_ text: String) { add(text) }

  /// 16 hexadecimal digits.
  var text: String {
    let digits = String(state, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The kind first, then the size where there is one, so that no two values give the same bytes.
  private mutating func add(_ value: JSONValue) {
    switch value {
    case .null: add(byte: 0)
    case .bool(let flag): add(byte: flag ? 2 : 1)
    case .integer(let number):
      add(byte: 3)
      add(UInt64(bitPattern: number))
    case .number(let number):
      add(byte: 4)
      add(number.bitPattern)
    case .string(let text):
      add(byte: 5)
      add(text)
    case .array(let elements):
      add(byte: 6)
      add(UInt64(elements.count))
      for element in elements { add(element) }
    case .object(let members):
      add(byte: 7)
      add(UInt64(members.count))
      for (key, member) in members.sorted(by: { $0.key < $1.key }) {
        add(key)
        add(member)
      }
    }
  }

  private mutating func add(_ text: String) {
    add(UInt64(text.utf8.count))
    var text = text
    text.withUTF8 { for index in $0.indices { add(byte: $0[index]) } }
  }

  private mutating func add(_ number: UInt64) {
    for shift in 0..<8 { add(byte: UInt8(truncatingIfNeeded: number >> (8 * UInt64(shift)))) }
  }

  private mutating func add(byte: UInt8) {
    state = (state ^ UInt64(byte)) &* 0x100_0000_01b3
  }
}
