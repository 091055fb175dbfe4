import Logging
import NIOCore
import NIOPosix

/// What members said to a change of their keyrings.
package struct KeyringReport: Hashable, Sendable {
  package var answers: [MemberName: KeyringAnswer] = [:]
  /// How many were asked.
  package var members: Int

  /// Only then the next step of a rotation is safe: a member without the new key hears nothing that is written with it.
  package var isComplete: Bool { answers.count == members && answers.values.allSatisfy(\.isDone) }
}

/// Why members were not asked.
package struct KeyringQueryUnderWay: Error, CustomStringConvertible {
  package var description: String { "another change of the keyrings is under way: wait for its end" }
}

/// Of this node's own: one at a time.
final class KeyringQuery {
  let name: String
  var id: UInt32?
  var report: KeyringReport
  let promise: EventLoopPromise<KeyringReport>
  var deadline: Scheduled<Void>?

  init(name: String, members: Int, promise: EventLoopPromise<KeyringReport>) {
    self.name = name
    report = KeyringReport(members: members)
    self.promise = promise
  }
}

extension GossipHub {
  /// Of queries that wait for the disk: an operator asks for one at a time.
  private static let maximumKeyChanges = 16
  /// Serf's time for a query: 16 gossip intervals for each tenfold of members.
  private static let queryIntervals = 16

  // MARK: Asking all

  func changeKeyrings(_ request: KeyringRequest) -> EventLoopFuture<KeyringReport> {
    guard keyringQuery == nil else { return eventLoop.makeFailedFuture(KeyringQueryUnderWay()) }
    let members = core.memberViews.count { $0.status == .alive }
    let query = KeyringQuery(name: request.queryName, members: members, promise: eventLoop.makePromise())
    keyringQuery = query
    let timeout = queryTimeout(members: members)
    query.deadline = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) { [weak self] in
      self?.endKeyringQuery()
    }
    handle(.ask(QueryRequest(name: request.queryName, payload: request.payload, timeout: timeout)))
    return query.promise.futureResult
  }

  private func queryTimeout(members: Int) -> Duration {
    let digits = String(members).count
    return configuration.settings.gossipInterval * (Self.queryIntervals * digits)
  }

  func endKeyringQuery() {
    guard let query = keyringQuery else { return }
    keyringQuery = nil
    query.deadline?.cancel()
    query.promise.succeed(query.report)
  }

  func take(_ response: QueryResponse) {
    // Bit 0: it only says that the query arrived.
    guard let query = keyringQuery, query.id == response.id, response.flags & 1 == 0 else { return }
    do {
      query.report.answers[response.from] = try KeyringAnswer(response.payload)
    } catch {
      query.report.answers[response.from] = KeyringAnswer(isDone: false, message: "its answer cannot be read: \(error)")
    }
    if query.report.answers.count >= query.report.members { endKeyringQuery() }
  }

  // MARK: Being asked

  func answer(_ query: Query) {
    if let own = keyringQuery, own.id == nil, query.sourceName == configuration.name, query.name == own.name {
      own.id = query.id
    }
    let request: KeyringRequest
    do {
      guard let asked = try KeyringRequest(query: query) else { return }
      request = asked
    } catch {
      return answer(query, KeyringAnswer(isDone: false, message: "\(error)"))
    }
    // Whoever can write plaintext could else give itself a key.
    guard security.keyring == nil || security.verifiesIncoming else {
      return answer(query, KeyringAnswer(isDone: false, message: "no key is changed while plaintext is taken"))
    }
    changeOwnKeyring(request).assumeIsolated().whenSuccess { self.answer(query, $0) }
  }

  private func answer(_ query: Query, _ answer: KeyringAnswer) {
    // What is around the payload in an answer: its fields and the name of this node.
    let overhead = 96 + configuration.name.text.utf8.count
    handle(.answer(query, payload: answer.encode(limit: configuration.settings.maximumAnswerBytes - overhead)))
  }

  /// On disk first: a key that is in use and lost by a restart would shut this node out.
  func changeOwnKeyring(_ request: KeyringRequest) -> EventLoopFuture<KeyringAnswer> {
    guard waitingKeyChanges < Self.maximumKeyChanges else {
      return eventLoop.makeSucceededFuture(KeyringAnswer(isDone: false, message: "too many changes of keys at once"))
    }
    waitingKeyChanges += 1
    let promise = eventLoop.makePromise(of: KeyringAnswer.self)
    keyWork.assumeIsolated().whenComplete { _ in self.apply(request, promise) }
    keyWork = promise.futureResult.map { _ in }
    keyWork.assumeIsolated().whenComplete { _ in self.waitingKeyChanges -= 1 }
    return promise.futureResult
  }

  private func apply(_ request: KeyringRequest, _ promise: EventLoopPromise<KeyringAnswer>) {
    guard var keyring = security.keyring else {
      return promise.succeed(KeyringAnswer(isDone: false, message: "No keyring to modify (encryption not enabled)"))
    }
    do throws(KeyringError) {
      switch request {
      case .install(let key): try keyring.install(key)
      case .use(let key): try keyring.use(key)
      case .remove(let key): try keyring.remove(key)
      case .list:
        return promise.succeed(
          KeyringAnswer(isDone: true, keys: keyring.keys.map(\.base64), primaryKey: keyring.primary.base64))
      }
    } catch {
      return promise.succeed(KeyringAnswer(isDone: false, message: "\(error)"))
    }
    save(keyring).assumeIsolated().whenComplete { result in
      switch result {
      case .success:
        self.security.keyring = keyring
        self.logger.notice(
          "the keyring of gossip has changed",
          metadata: ["change": "\(request.queryName)", "keys": "\(keyring.keys.count)"])
        promise.succeed(KeyringAnswer(isDone: true))
      case .failure(let error):
        self.logger.error("\(error)")
        promise.succeed(KeyringAnswer(isDone: false, message: "\(error)"))
      }
    }
  }

  private func save(_ keyring: Keyring) -> EventLoopFuture<Void> {
    guard let path = configuration.keyringFile else { return eventLoop.makeSucceededVoidFuture() }
    return NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { try KeyringFile.save(keyring, to: path) }
  }
}
