import TestSupport

/// The cost of a call: an echo of 128 bytes, by the same grpc-go client on one connection.
struct UnaryEchoBenchmark: Benchmark {
  static let name = "unary"
  private static let callers = [1, 64, 256]
  private static let target = 0.9

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let ours = try await EchoServerProcess(Products.path("EchoServer"))
    let peer = try await environment.grpcGo.echoServer()
    var measurements: [Measurement] = []
    for callers in Self.callers {
      let turns = try await environment.grpcGo.load(
        [.init(kind: "unary", addresses: [ours.address]), .init(kind: "unary", addresses: [peer.address])],
        Load(callers: callers, rounds: 7))
      measurements.append(
        Measurement(
          "unary echo, \(callers) caller\(callers == 1 ? "" : "s")", ours: turns[0].rates, peer: "grpc-go",
          values: turns[1].rates, unit: "calls/s", goal: .ratioAtLeast(Self.target)))
    }
    return measurements
  }
}

/// The cost of a message in a stream: 128 bytes, one stream.
struct StreamEchoBenchmark: Benchmark {
  static let name = "stream"
  private static let kinds = [("bidi", "bidirectional echo, 1 stream"), ("repeat", "server stream, 1 stream")]
  private static let target = 0.5

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let ours = try await EchoServerProcess(Products.path("EchoServer"))
    let peer = try await environment.grpcGo.echoServer()
    var measurements: [Measurement] = []
    for (kind, name) in Self.kinds {
      let turns = try await environment.grpcGo.load(
        [.init(kind: kind, addresses: [ours.address]), .init(kind: kind, addresses: [peer.address])], Load(rounds: 7))
      measurements.append(
        Measurement(
          name, ours: turns[0].rates, peer: "grpc-go", values: turns[1].rates, unit: "messages/s",
          goal: .ratioAtLeast(Self.target)))
    }
    return measurements
  }
}
