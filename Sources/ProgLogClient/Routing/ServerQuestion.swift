import GRPCCore
import ProgLogAPI

/// Asks who the servers are: one after the other, and the next one soon when one takes its time.
struct ServerQuestion: Sendable {
  /// Who the servers are, as one of them knows.
  struct Answer: Sendable {
    /// Empty: the one who told is in no cluster.
    var servers: [ClusterServer]
    var teller: NodeAddress
  }

  private enum Event: Sendable {
    case answer([ClusterServer], from: NodeAddress)
    case failure(ProgLogError)
    case candidates([ConnectionPool.Target])
    case timeToAskTheNext
  }

  /// What a healthy server takes at most, and little enough that a dead one among the first costs nothing that is noticed.
  private static let stagger = Duration.milliseconds(250)

  let pool: ConnectionPool
  /// Servers that have been told of: they are asked over the connection that they have, whatever their names stand for.
  let known: Set<NodeAddress>
  /// For each one that is asked.
  let timeout: Duration

  /// - Returns: the first answer that names somebody, else an empty one, else why there is none.
  func ask(_ candidates: [NodeAddress]) async -> Result<Answer, ProgLogError> {
    await withTaskGroup(of: Event.self) { group in
      var waiting = candidates[...]
      var targets: [ConnectionPool.Target] = []
      var asked: Set<ConnectionPool.Target> = []
      var underWay = 0
      var loner: NodeAddress?
      var failure: ProgLogError?
      func next() {
        while let target = targets.popLast() {
          guard asked.insert(target).inserted else { continue }
          underWay += 1
          group.addTask { await self.ask(target) }
          return
        }
        guard let address = waiting.popFirst() else { return }
        underWay += 1
        group.addTask { await self.targets(of: address) }
      }
      func nextLater() {
        group.addTask {
          try? await Task.sleep(for: Self.stagger)
          return .timeToAskTheNext
        }
      }
      next()
      nextLater()
      while underWay > 0, let event = await group.next() {
        switch event {
        case .timeToAskTheNext:
          if Task.isCancelled { continue }
          next()
          if !waiting.isEmpty || !targets.isEmpty { nextLater() }
          continue
        case .candidates(let found): targets = found.reversed() + targets
        case .answer(let servers, let teller) where !servers.isEmpty:
          group.cancelAll()
          return .success(Answer(servers: servers, teller: teller))
        case .answer(_, let teller): loner = teller
        case .failure(let error): failure = failure ?? error
        }
        underWay -= 1
        next()
      }
      group.cancelAll()
      if let loner { return .success(Answer(servers: [], teller: loner)) }
      return .failure(failure ?? .closed)
    }
  }

  private func targets(of address: NodeAddress) async -> Event {
    if self.known.contains(address) { return .candidates([.init(address: address)]) }
    do {
      let host = address.isNumeric ? nil : address.host
      let found = try await SeedLookup.addresses(of: address)
      return .candidates(found.map { ConnectionPool.Target(address: $0, serverName: host) })
    } catch {
      return .failure(.unreachable(address: address.description, cause: "\(error)"))
    }
  }

  private func ask(_ target: ConnectionPool.Target) async -> Event {
    let tracker = CallTracker()
    do {
      let node = try self.pool.node(at: target)
      return .answer(try await Self.servers(of: node, timeout: self.timeout, tracker: tracker), from: target.address)
    } catch {
      return .failure(
        ProgLogError(
          error, address: target.address.description, wasOpened: tracker.wasOpened, requested: nil,
          timeout: self.timeout))
    }
  }

  /// Asks one server.
  static func servers(of node: Node, timeout: Duration, tracker: CallTracker) async throws -> [ClusterServer] {
    var options = CallOptions.defaults
    options.timeout = timeout
    let answer = try await CallTracker.$current.withValue(tracker) {
      try await node.log.getServers(Log_V1_GetServersRequest(), options: options)
    }
    return answer.servers.map { ClusterServer(id: $0.id, address: $0.rpcAddr, isLeader: $0.isLeader) }
  }
}
