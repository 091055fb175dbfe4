/// The program in ClusterTests/Go, which loads clusters and checks them, and shares no code with the server.
package enum ClusterClient {
  package static let program = GoProgram(sources: "Tests/ClusterTests/Go", name: "cluster-client")

  /// How a command ended: `status` 0 when every promise was kept, 1 when one was broken, 2 when it cannot tell.
  package static func run(_ arguments: [String]) async throws -> (status: Int32, output: String, errors: String) {
    try await TestSupport.run(program.path(), arguments)
  }
}
