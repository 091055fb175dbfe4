import Glibc

/// IP addresses as text and as the bytes that certificates hold: 4 or 16, in network order.
enum IPAddressText {
  /// - Returns: nil when the text is no address of either kind; zones (`%eth0`) and prefixes (`/24`) are none.
  static func bytes(of text: String) -> [UInt8]? {
    bytes(of: text, family: AF_INET, count: 4) ?? bytes(of: text, family: AF_INET6, count: 16)
  }

  private static func bytes(of text: String, family: Int32, count: Int) -> [UInt8]? {
    // A NUL would end the text for C and not for us.
    guard !text.utf8.contains(0) else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    return inet_pton(family, text, &bytes) == 1 ? bytes : nil
  }

  /// - Returns: nil when there are neither 4 nor 16 bytes.
  static func text(of bytes: [UInt8]) -> String? {
    let family: Int32
    switch bytes.count {
    case 4: family = AF_INET
    case 16: family = AF_INET6
    default: return nil
    }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
