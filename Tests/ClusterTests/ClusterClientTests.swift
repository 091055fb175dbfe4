import TestSupport
import Testing

/// The client of the cluster tests: that it finds what it is for, and that it works with a real server.
@Suite(.enabled(if: GoProgram.isBuildable, "\(GoProgram.requirement)"))
struct ClusterClientTests {
  @Test("its own tests pass: on clusters that break promises, and of the checker against a general search")
  func ownTests() async throws {
    let result = try await ClusterClient.program.test()
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }

  @Test("what one node acknowledges, and what it answers to concurrent clients, is found to be right")
  func oneNode() async throws {
    let directory = try TemporaryDirectory()
    let node = try await LogdProcess(dataDirectory: directory.file("data"))
    let addresses = ["--addrs", node.rpcAddress]
    let (calls, batches, seen) = (directory.file("calls"), directory.file("batches"), directory.file("seen"))
    try await expectKept(["linearize", "--duration", "500ms", "--history", calls] + addresses)
    try await expectKept(["check", "--history", calls])
    async let consumed: Void = expectKept(["consume", "--duration", "1s", "--seen", seen] + addresses)
    try await expectKept(["produce", "--duration", "500ms", "--history", batches] + addresses)
    try await consumed
    try await expectKept(["verify", "--history", batches, "--seen", seen] + addresses)
    #expect(try await node.stop() == 0)
  }

  private func expectKept(_ arguments: [String]) async throws {
    let result = try await ClusterClient.run(arguments)
    #expect(result.status == 0, "\(arguments): \(result.output)\(result.errors)")
  }
}
