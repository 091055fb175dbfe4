import TestSupport

/// The program of Benchmarks/Go: grpc-go's echo server, and the load on every server.
struct GRPCGo {
  private let path: String

  /// Builds it with Debian's grpc-go, which lies under GOPATH; no module is downloaded.
  static func build() async throws -> GRPCGo {
    let path = Products.path("grpcbench")
    let result = try await run(
      "/usr/bin/env", ["go", "build", "-o", path, "./Benchmarks/Go"],
      environment: ["GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": ""], within: .seconds(300))
    guard result.status == 0 else {
      throw NeverHappened(description: "Benchmarks/Go does not build; `make deps` installs grpc-go:\n\(result.errors)")
    }
    return GRPCGo(path: path)
  }

  func echoServer() async throws -> EchoServerProcess { try await EchoServerProcess(path, ["serve"]) }

  /// A server to be loaded, and with what calls.
  struct Target {
    /// As Benchmarks/Go names it.
    var kind: String
    var address: String
  }

  /// Loads each target in turn; its calls or messages in a second, round by round.
  func load(_ targets: [Target], callers: Int, seconds: Double = 1, rounds: Int) async throws -> [[Double]] {
    let result = try await run(
      path,
      ["load", "-callers", "\(callers)", "-seconds", "\(seconds)", "-rounds", "\(rounds)"]
        + targets.map { "\($0.kind)=\($0.address)" }, within: .seconds(180))
    guard result.status == 0 else { throw NeverHappened(description: "the load failed: \(result.errors)") }
    var rates = [[Double]](repeating: [], count: targets.count)
    for line in result.output.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count == 3, let target = Int(fields[1]), rates.indices.contains(target), let rate = Double(fields[2])
      else { throw NeverHappened(description: "the load printed \"\(line)\"") }
      rates[target].append(rate)
    }
    return rates
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
