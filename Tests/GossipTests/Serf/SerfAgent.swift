import Foundation
import Gossip
import TestSupport

/// An agent of Debian's `serf`, on loopback.
final class SerfAgent: Sendable {
  private static let path = ["/usr/bin/serf", "/usr/sbin/serf"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  static var isInstalled: Bool { path != nil }
  static let requirement = "serf is needed: run 'make deps' (Debian's package serf)"

  let name: String
  let address: GossipAddress
  private let rpcAddress: String
  private let process: ChildProcess

  /// As its command prints them.
  struct Member: Decodable, Hashable {
    var name: String
    var addr: String
    var tags: [String: String]
    var status: String
  }

  /// Returns when it answers. It joins, when it is to, before it does anything else.
  init(
    _ name: String, at address: GossipAddress? = nil, tags: [String: String] = [:], joining other: GossipAddress? = nil,
    _ arguments: [String] = []
  ) async throws {
    guard let path = Self.path else { throw NeverHappened(description: Self.requirement) }
    self.name = name
    self.address = try address ?? FreePort.loopback()
    rpcAddress = "\(try FreePort.loopback())"
    process = try ChildProcess(
      path,
      ["agent", "-node=\(name)", "-bind=\(self.address)", "-rpc-addr=\(rpcAddress)", "-profile=local"]
        + tags.map { "-tag=\($0.key)=\($0.value)" } + (other.map { ["-join=\($0)"] } ?? []) + arguments)
    try await eventually("\(name) answers") {
      guard process.isRunning else { throw NeverHappened(description: "\(name) ended: \(process.output)") }
      return try? await members()
    }
  }

  var log: String { process.output }

  @discardableResult
  func command(_ arguments: String...) async throws -> String {
    guard let path = Self.path else { throw NeverHappened(description: Self.requirement) }
    let result = try await run(path, [arguments[0], "-rpc-addr=\(rpcAddress)"] + arguments.dropFirst())
    guard result.status == 0 else {
      throw NeverHappened(description: "serf \(arguments.joined(separator: " ")): \(result.output) \(result.errors)")
    }
    return result.output
  }

  func members() async throws -> [Member] {
    struct Answer: Decodable { var members: [Member] }
    return try JSONDecoder().decode(Answer.self, from: Data(try await command("members", "-format=json").utf8)).members
  }

  /// Waits until it shows a member so.
  func sees(_ name: String, _ status: String, tags: [String: String]? = nil) async throws {
    try await eventually("\(self.name) sees \(name) \(status) with \(tags ?? [:])") {
      let member = try await members().first { $0.name == name }
      return member?.status == status && (tags == nil || member?.tags == tags) ? true : nil
    }
  }

  /// kill -9
  func kill() async throws {
    process.send(SIGKILL)
    try await process.ended()
  }

  func leave() async throws {
    try await command("leave")
    try await process.ended()
  }
}

/// A port that is free for TCP and UDP: only its owner can tell which it has, and an agent does not.
enum FreePort {
  static func loopback() throws -> GossipAddress {
    for _ in 0..<100 {
      let port = UInt16.random(in: 20_000...32_000)
      if try isFree(port, SOCK_STREAM), try isFree(port, SOCK_DGRAM) {
        return GossipAddress(bytes: [127, 0, 0, 1], port: port)
      }
    }
    throw NeverHappened(description: "no port is free")
  }

  private static func isFree(_ port: UInt16, _ type: __socket_type) throws -> Bool {
    let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
    guard descriptor >= 0 else { throw NeverHappened(description: "no socket: errno \(errno)") }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafeBytes(of: &address) {
      bind(descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) == 0
    }
  }
}
