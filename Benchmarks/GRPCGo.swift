import TestSupport

/// The program of Benchmarks/Go: grpc-go's echo server, and the load on every server.
struct GRPCGo {
  private let path: String

  static func build() async throws -> GRPCGo {
    do {
      return GRPCGo(path: try await GoProgram(sources: "Benchmarks/Go", name: "grpcbench").path())
    } catch let error as NeverHappened {
      throw NeverHappened(description: "`make deps` installs grpc-go and nats.go: \(error)")
    }
  }

  func echoServer() async throws -> EchoServerProcess { try await EchoServerProcess(path, ["serve"]) }

  /// A server or cluster, and with what calls to load it.
  struct Target {
    /// As Benchmarks/Go names it.
    var kind: String
    /// Of all nodes; the calls go to the one that leads.
    var addresses: [String]
    /// Whose processor time and writes are counted.
    var processes: [Int32] = []

    var argument: String {
      let address = "\(kind)=\(addresses.joined(separator: ","))"
      return processes.isEmpty ? address : "\(address)/\(processes.map { "\($0)" }.joined(separator: ","))"
    }
  }

  /// Loads each target in turn; its turns, round by round.
  ///
  /// - Parameter environment: of the load.
  func load(_ targets: [Target], _ load: Load, environment: [String: String] = [:]) async throws -> [[Turn]] {
    let output = try await output(
      ["load"] + load.arguments + targets.map(\.argument), within: load.limit(targets: targets.count),
      environment: environment)
    var turns = [[Turn]](repeating: [], count: targets.count)
    for line in output.split(separator: "\n") {
      let values = line.split(separator: " ").compactMap { Double($0) }
      guard values.count == 6, let target = Int(exactly: values[1]), turns.indices.contains(target) else {
        throw NeverHappened(description: "the load printed \"\(line)\"")
      }
      turns[target].append(
        Turn(records: values[2], seconds: values[3], processorSeconds: values[4], writtenBytes: values[5]))
    }
    return turns
  }

  /// The address of the node that leads, once the cluster is complete.
  func leader(of target: Target, within limit: Duration) async throws -> String {
    let target = Target(kind: target.kind, addresses: target.addresses)
    return try await output(
      ["leader", "-within", "\(limit / .seconds(1))", target.argument], within: limit + .seconds(30))
  }

  /// How many records a node has, once it has `least`.
  func records(at address: String, kind: String, least: Int = 0) async throws -> Int {
    let target = Target(kind: kind, addresses: [address])
    let output = try await output(
      ["await", "-within", "120", "-records", "\(least)", target.argument], within: .seconds(180))
    guard let count = Int(output) else { throw NeverHappened(description: "await printed \"\(output)\"") }
    return count
  }

  /// What it prints, without the last end of line. What it has to tell besides goes to the terminal.
  private func output(
    _ arguments: [String], within limit: Duration = .seconds(120), environment: [String: String] = [:]
  ) async throws -> String {
    let result = try await run(path, arguments, environment: environment, within: limit)
    guard result.status == 0 else {
      throw NeverHappened(description: "grpcbench \(arguments.joined(separator: " ")): \(result.errors)")
    }
    if !result.errors.isEmpty { print(result.errors, terminator: "") }
    return String(result.output.dropLast(result.output.hasSuffix("\n") ? 1 : 0))
  }

  /// A process that holds `count` idle connections to `address`; returned when all are open.
  func idleConnections(_ count: Int, to address: String) async throws -> ChildProcess {
    let child = try ChildProcess(path, ["idle", "-connections", "\(count)", address])
    try await eventually("\(count) connections are open") {
      guard child.isRunning else { throw NeverHappened(description: "idle connections: \(child.errors)") }
      return child.output.hasPrefix("open \(count)\n") ? true : nil
    }
    return child
  }
}

/// A server that prints its address first.
final class EchoServerProcess {
  let child: ChildProcess
  let address: String

  init(_ executable: String, _ arguments: [String] = []) async throws {
    let child = try ChildProcess(executable, arguments)
    self.child = child
    address = try await eventually("\(executable) listens", within: .seconds(10)) {
      guard child.isRunning else { throw NeverHappened(description: "\(executable) ended: \(child.errors)") }
      let output = child.output
      return output.hasSuffix("\n") ? String(output.dropLast()) : nil
    }
  }
}
