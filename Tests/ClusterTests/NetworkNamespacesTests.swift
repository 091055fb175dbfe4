import TestSupport
import Testing

/// The network that tests cut.
@Suite(.enabled(if: NetworkNamespaces.isAvailable, "\(NetworkNamespaces.requirement)"))
struct NetworkNamespacesTests {
  /// Prints every datagram that comes to an address.
  private static let receiver = """
    import socket, sys
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind((sys.argv[1], 7))
    print("ready", flush=True)
    while True: print(receiver.recv(100).decode(), flush=True)
    """

  private func startReceiver(_ network: NetworkNamespaces, on host: Int) async throws -> ChildProcess {
    let child = try network.start(on: host, "/usr/bin/python3", ["-c", Self.receiver, network.address(host)])
    try await eventually("host \(host) receives") { () -> Void? in
      guard child.isRunning else { throw NeverHappened(description: child.errors) }
      return child.output.hasPrefix("ready\n") ? () : nil
    }
    return child
  }

  private func send(_ text: String, _ network: NetworkNamespaces, from sender: Int, to receiver: Int) async throws {
    let child = try network.start(
      on: sender, "/bin/bash", ["-c", "printf '\(text)' >/dev/udp/\(network.address(receiver))/7"])
    try await child.ended()
  }

  @Test("a cut drops what one host sends to another, and nothing else, until it is healed")
  func oneWay() async throws {
    try await NetworkNamespaces.with(3) { network in
      let zero = try await startReceiver(network, on: 0)
      let one = try await startReceiver(network, on: 1)
      try await network.cut(from: 1, to: 0)
      try await send("cut", network, from: 1, to: 0)
      try await send("back", network, from: 0, to: 1)
      try await send("other", network, from: 2, to: 0)
      try await eventually("the others are heard") {
        one.output.contains("back") && zero.output.contains("other") ? true : nil
      }
      #expect(!zero.output.contains("cut"))

      try await network.heal(from: 1, to: 0)
      try await send("healed", network, from: 1, to: 0)
      try await eventually("it is heard again") { zero.output.contains("healed") ? true : nil }

      try await network.isolate(0)
      try await send("isolated", network, from: 2, to: 0)
      try await send("isolated", network, from: 0, to: 1)
      try await send("beside", network, from: 2, to: 1)
      try await eventually("the others hear each other") { one.output.contains("beside") ? true : nil }
      #expect(!zero.output.contains("isolated") && !one.output.contains("isolated"))

      try await network.heal()
      try await send("all", network, from: 2, to: 0)
      try await eventually("all hear all") { zero.output.contains("all") ? true : nil }
    }
  }

  @Test("a process on a host is killed when the network goes")
  func removal() async throws {
    let child = try await NetworkNamespaces.with(1) { network in
      let child = try network.start(on: 0, "/bin/sh", ["-c", "echo here; exec sleep 1000"])
      try await eventually("it is on the host") { child.output == "here\n" ? true : nil }
      return child
    }
    #expect(try await child.ended() == -9)
  }
}
