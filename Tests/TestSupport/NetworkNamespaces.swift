import Foundation
import Synchronization

/// Hosts on one wire, each a network namespace with an address of its own, whose connections a test can cut: packets from
/// one host to another are dropped, one way or both ways, and nobody is told. The hosts see each other and nothing else.
///
/// The wire is a bridge in one more namespace, where the rules of the machine's own firewall do not reach.
package final class NetworkNamespaces: Sendable {
  package static let isAvailable =
    hasCapabilities
    && [ip, iptables, nsenter].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
  package static let requirement = "needs root, for network namespaces, and iproute2 and iptables ('make deps')"

  private static let ip = "/usr/sbin/ip"
  private static let iptables = "/usr/sbin/iptables"
  private static let nsenter = "/usr/bin/nsenter"
  /// Where iproute2 keeps the namespaces that have a name.
  private static let folder = "/run/netns"
  private static let namePrefix = "proglog-test-"
  private static let made = Atomic<Int>(0)

  package let count: Int
  /// Of the namespaces' names; it has the id of this process, so that leftovers are known.
  private let prefix: String

  /// Makes `count` hosts, at most 200, for as long as `body` runs. What a former run left behind is removed first.
  package static func with<Result>(
    _ count: Int, _ body: (NetworkNamespaces) async throws -> Result
  ) async throws -> Result {
    try await removeLeftovers()
    let network = NetworkNamespaces(count)
    do {
      try await network.make()
      let result = try await body(network)
      try await network.remove()
      return result
    } catch {
      // Unstructured, because a test that ran out of its time is cancelled, and has to clean up all the same.
      _ = await Task { try await network.remove() }.result
      throw error
    }
  }

  private init(_ count: Int) {
    precondition((1...200).contains(count), "\(count) hosts do not fit into 10.77.0.0/24")
    self.count = count
    prefix = "\(Self.namePrefix)\(getpid())-\(Self.made.add(1, ordering: .relaxed).newValue)-"
  }

  /// The address of a host; the first is host 0.
  package func address(_ host: Int) -> String { "10.77.0.\(host + 1)" }

  /// How to start a program on a host. The process is the program's own: signals reach it.
  package func command(
    on host: Int, _ executable: String, _ arguments: [String]
  ) -> (executable: String, arguments: [String]) {
    (Self.nsenter, ["--net=\(Self.folder)/\(name(host))", executable] + arguments)
  }

  /// Starts a program on a host.
  package func start(
    on host: Int, _ executable: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> ChildProcess {
    let command = self.command(on: host, executable, arguments)
    return try ChildProcess(command.executable, command.arguments, environment: environment)
  }

  /// Drops what one host sends to another from now on, of connections that exist too.
  package func cut(from sender: Int, to receiver: Int) async throws {
    let rule = self.rule(from: sender)
    try await Self.shell([iptables(receiver, "-C", rule) + " 2>/dev/null || " + iptables(receiver, "-A", rule)])
  }

  /// Drops what two hosts send to each other.
  package func cut(_ host: Int, _ other: Int) async throws {
    try await cut(from: host, to: other)
    try await cut(from: other, to: host)
  }

  /// Drops what a host sends to all others, and what they send to it.
  package func isolate(_ host: Int) async throws {
    for other in 0..<count where other != host { try await cut(host, other) }
  }

  /// Loses packets, each by chance, of all that hosts send to each other.
  ///
  /// - Parameter probability: 0 to 1.
  package func lose(_ probability: Double) async throws {
    let rule = "INPUT ! -i lo -m statistic --mode random --probability \(probability) -j DROP"
    try await Self.shell((0..<count).map { iptables($0, "-A", rule) })
  }

  /// Lets one host hear another again.
  package func heal(from sender: Int, to receiver: Int) async throws {
    let rule = self.rule(from: sender)
    try await Self.shell([iptables(receiver, "-C", rule) + " 2>/dev/null || exit 0", iptables(receiver, "-D", rule)])
  }

  /// Lets everybody hear everybody again.
  package func heal() async throws {
    try await Self.shell((0..<count).map { iptables($0, "-F", "INPUT") })
  }

  private func name(_ host: Int) -> String { "\(prefix)\(host)" }

  private func rule(from sender: Int) -> String { "INPUT -s \(address(sender)) -j DROP" }

  private func iptables(_ host: Int, _ action: String, _ rule: String) -> String {
    "\(Self.nsenter) --net=\(Self.folder)/\(name(host)) \(Self.iptables) -w \(action) \(rule)"
  }

  private func make() async throws {
    let (ip, wire) = (Self.ip, "\(prefix)wire")
    var lines = [
      "\(ip) netns add \(wire)",
      "\(ip) -n \(wire) link add wire type bridge",
      "\(ip) -n \(wire) link set wire up",
    ]
    for host in 0..<count {
      let name = self.name(host)
      lines += [
        "\(ip) netns add \(name)",
        "\(ip) link add eth0 netns \(name) type veth peer name host-\(host) netns \(wire)",
        "\(ip) -n \(wire) link set host-\(host) master wire up",
        "\(ip) -n \(name) addr add \(address(host))/24 dev eth0",
        "\(ip) -n \(name) link set eth0 up",
        "\(ip) -n \(name) link set lo up",
      ]
    }
    try await Self.shell(lines)
  }

  private func remove() async throws {
    try await Self.remove(Self.existing().filter { $0.hasPrefix(prefix) })
  }

  /// Removes the namespaces of processes that are no more.
  private static func removeLeftovers() async throws {
    try await remove(
      existing().filter { name in
        guard let owner = pid_t(name.dropFirst(namePrefix.count).prefix { $0 != "-" }) else { return false }
        return kill(owner, 0) != 0 && errno == ESRCH
      })
  }

  private static func existing() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasPrefix(namePrefix) }
  }

  /// A namespace lives on for as long as a process is in it: those that still are get a SIGKILL.
  private static func remove(_ names: [String]) async throws {
    try await shell(
      names.map { name in
        "for process in $(\(ip) netns pids \(name)); do kill -KILL $process || true; done; \(ip) netns delete \(name)"
      })
  }

  /// Runs the lines until one fails.
  private static func shell(_ lines: [String]) async throws {
    guard !lines.isEmpty else { return }
    let result = try await run("/bin/sh", ["-ec", lines.joined(separator: "\n")])
    guard result.status == 0 else {
      throw NeverHappened(description: "network namespaces: status \(result.status): \(result.errors)")
    }
  }

  /// CAP_NET_ADMIN and CAP_SYS_ADMIN (linux/capability.h): root in a container often lacks them.
  private static let hasCapabilities: Bool = {
    let needed: UInt64 = 1 << 12 | 1 << 21
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
    let effective = line?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
    return effective & needed == needed
  }()
}
