import Glibc

/// Ports of loopback that nobody listens on now, no two alike. Somebody else may take one before the server does for
/// which it is meant, which then fails and says so.
func freePorts(_ count: Int) throws -> [Int] {
  var descriptors: [Int32] = []
  // Kept until all are known.
  defer { for descriptor in descriptors { close(descriptor) } }
  return try (0..<count).map { _ in
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    descriptors.append(descriptor)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard bound else { throw SystemCallFailed(call: "bind", errno: errno) }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
