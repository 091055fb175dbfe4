import GRPCCore
import ProgLogAPI
import Synchronization

/// The cluster as a client sees it: keeps the list of its servers up to date, and finds each call its server.
final class Cluster: Sendable {
  typealias Instant = ContinuousClock.Instant
  typealias Route = ServerDirectory.Route

  private struct State {
    var directory: ServerDirectory
    var schedule: RefreshSchedule
    /// Of the calls, by which readers are spread. Begins anywhere: the clients of many processes begin alike.
    var turn = Int.random(in: 0..<1 << 16)
    var questions = 0
    /// Of the last question that nobody answered; `nil` since somebody has.
    var failure: ProgLogError?
  }

  let pool: ConnectionPool
  private let configuration: ClientConfiguration
  private let state: Mutex<State>
  /// Something is known that was not.
  private let news = ChangeSignal()
  /// A question is wanted.
  private let wanted = ChangeSignal()

  init(_ configuration: ClientConfiguration, pool: ConnectionPool) {
    self.configuration = configuration
    self.pool = pool
    self.state = Mutex(
      State(
        directory: ServerDirectory(seeds: configuration.seeds),
        schedule: RefreshSchedule(interval: configuration.refreshInterval)))
  }

  // MARK: Finding a server

  /// The server for a call; waits until there is one.
  ///
  /// - Throws: ``ProgLogError/deadlineExceeded(waitingFor:timeout:)`` with what it waited for, ``ProgLogError/unreachable``
  ///   when no server is found in the time for that, or `CancellationError`.
  func node(for route: Route, since start: Instant, until end: Instant) async throws -> Node {
    while true {
      try Task.checkCancellation()
      let seen = self.news.count
      let now = Instant.now
      let address = self.state.withLock { state -> NodeAddress? in
        let address = state.directory.pick(route, turn: state.turn, at: now)
        if address != nil { state.turn &+= 1 }
        return address
      }
      if let address { return try self.pool.node(at: .init(address: address)) }
      guard now < end else {
        throw ProgLogError.deadlineExceeded(waitingFor: self.absence(of: route), timeout: end - start)
      }
      try self.checkDiscovery(since: start, at: now)
      self.refresh()
      // A server that was passed over because it failed is tried again after a while, without any news.
      await self.news.wait(past: seen, until: min(end, now + Self.lookAgain))
    }
  }

  private static let lookAgain = Duration.milliseconds(100)

  private func checkDiscovery(since start: Instant, at now: Instant) throws(ProgLogError) {
    guard let limit = self.configuration.discoveryTimeout, now >= start + limit else { return }
    let failure = self.state.withLock { $0.directory.servers.isEmpty ? $0.failure : nil }
    if let failure { throw failure }
  }

  /// What a call waits for, in words.
  private func absence(of route: Route) -> String {
    self.state.withLock { state in
      let because = state.failure.map { " (\($0))" } ?? ""
      if state.directory.servers.isEmpty {
        let seeds = state.directory.seeds.map(\.description).joined(separator: ", ")
        return "a server of the cluster to answer at \(seeds)\(because)"
      }
      let servers = state.directory.servers.map(\.description).joined(separator: ", ")
      return route == .leader ? "a leader among \(servers)\(because)" : "a server among \(servers)\(because)"
    }
  }

  // MARK: What calls have found out

  func succeeded(_ node: Node) {
    self.state.withLock { $0.directory.succeeded(node.address) }
  }

  /// - Returns: whether there is another server now that may be asked at once.
  func failed(_ node: Node, _ failure: CallFailure.Kind) -> Bool {
    let now = Instant.now
    let canGoOn = self.state.withLock { state -> Bool in
      switch failure {
      case .notLeader(let hint):
        return state.directory.learn(notLeader: node.address, hint: hint, at: now)
      case .away, .silent:
        state.directory.failed(node.address, isSilent: failure == .silent, at: now)
        return false
      case .busy, .sequenceGap, .final: return false
      }
    }
    if case .silent = failure { self.pool.discard(node) }
    self.news.bump()
    self.refresh()
    return canGoOn
  }

  /// Asks who the servers are, as soon as that may be asked again.
  private func refresh() {
    self.state.withLock { $0.schedule.want() }
    self.wanted.bump()
  }

  // MARK: Keeping the list

  /// Asks again and again, until the task is cancelled.
  func watch() async {
    while !Task.isCancelled {
      let seen = self.wanted.count
      let due = self.state.withLock { $0.schedule.due }
      if let due, due > .now {
        await self.wanted.wait(past: seen, until: due)
      } else {
        self.pool.reloadMaterial()
        _ = await self.ask()
      }
    }
  }

  /// Asks now, and again while nobody answers.
  ///
  /// - Throws: ``ProgLogError/deadlineExceeded(waitingFor:timeout:)``, ``ProgLogError/unreachable`` when no server is found in
  ///   the time for that, or `CancellationError`.
  func servers(since start: Instant, until end: Instant) async throws -> [ClusterServer] {
    while true {
      if case .success(let answer) = await self.ask() { return answer.servers }
      try Task.checkCancellation()
      try self.checkDiscovery(since: start, at: .now)
      guard .now < end else {
        throw ProgLogError.deadlineExceeded(waitingFor: self.absence(of: .reader), timeout: end - start)
      }
      try await Task.sleep(until: min(end, .now + Self.lookAgain), clock: .continuous)
    }
  }

  private func ask() async -> Result<ServerQuestion.Answer, ProgLogError> {
    let (candidates, known) = self.state.withLock { state in
      state.questions += 1
      return (state.directory.candidates(turn: state.questions, at: .now), Set(state.directory.servers))
    }
    let question = ServerQuestion(pool: self.pool, known: known, timeout: self.configuration.attemptTimeout)
    let answer = await question.ask(candidates)
    let (hasChanged, addresses) = self.state.withLock { state in
      let before = state.directory.generation
      switch answer {
      case .success(let answer):
        state.directory.learn(answer.servers)
        state.directory.succeeded(answer.teller)
        state.failure =
          answer.servers.isEmpty
          ? .unavailable(address: answer.teller.description, cause: "it is in no cluster") : nil
      case .failure(let error): state.failure = error
      }
      let hasChanged = state.directory.generation != before
      state.schedule.asked(at: .now, changed: hasChanged)
      return (hasChanged, Set(state.directory.servers + state.directory.seeds))
    }
    if hasChanged { self.pool.keepOnly(addresses) }
    self.news.bump()
    return answer
  }
}
