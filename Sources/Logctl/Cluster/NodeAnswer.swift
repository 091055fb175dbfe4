import ProgLogClient

/// What came of asking one address for its view of the cluster.
struct NodeAnswer: Sendable {
  let address: NodeAddress
  /// Or why there is none.
  let report: Result<NodeReport, AdminError>

  /// The report, if there is one.
  var known: NodeReport? { try? self.report.get() }
}

/// Asks the nodes of a cluster for their views of it.
struct ClusterSurvey: Sendable {
  /// The addresses given, their members, and the members that only those know: with that everybody has been asked.
  private static let rounds = 3

  let client: AdminClient

  /// - Returns: one answer for each address, those of `seeds` first.
  func answers(seeds: [NodeAddress]) async throws -> [NodeAnswer] {
    var answers: [NodeAnswer] = []
    var next = seeds
    for _ in 0..<Self.rounds where !next.isEmpty {
      answers += try await self.ask(next)
      let members = answers.compactMap(\.known).flatMap(\.members).compactMap { try? NodeAddress(parsing: $0.address) }
      let asked = Set(answers.map(\.address))
      next = Set(members).subtracting(asked).sorted { $0.description < $1.description }
    }
    return answers
  }

  private func ask(_ addresses: [NodeAddress]) async throws -> [NodeAnswer] {
    try await withThrowingTaskGroup(of: (Int, NodeAnswer).self) { group in
      for (number, address) in addresses.enumerated() {
        group.addTask {
          do {
            return (number, NodeAnswer(address: address, report: .success(try await self.client.status(of: address))))
          } catch let error as AdminError {
            return (number, NodeAnswer(address: address, report: .failure(error)))
          }
        }
      }
      var answers: [(Int, NodeAnswer)] = []
      for try await answer in group { answers.append(answer) }
      return answers.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}
