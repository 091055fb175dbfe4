package import CoreMetrics
package import Logging

/// Runs for a Lease in the API server, holds it, and gives it back: the shell around `LeaseElection`.
package final class LeaderElector: Sendable {
  /// Whether we lead. Asked by whoever acts; see `LeaderAPI`.
  package let leadership = Leadership()

  private let key: ObjectKey
  private let identity: String
  private let timing: LeaseTiming
  private let api: any KubernetesAPI
  private let status: Gauge
  private let logger: Logger
  private let stopped = Signal()

  /// - Parameters:
  ///   - key: of the Lease; it is created when there is none.
  ///   - identity: of this process alone, such as the pod's name with something random.
  package init(
    lease key: ObjectKey, identity: String, timing: LeaseTiming = .defaults, api: any KubernetesAPI, logger: Logger,
    metrics: any MetricsFactory = MetricsSystem.factory
  ) {
    self.key = key
    self.identity = identity
    self.timing = timing
    self.api = api
    // By client-go's name, which dashboards know.
    status = Gauge(label: "leader_election_master_status", dimensions: [("name", key.name)], factory: metrics)
    status.record(0)
    var logger = logger
    logger[metadataKey: "lease"] = "\(key)"
    logger[metadataKey: "identity"] = "\(identity)"
    self.logger = logger
  }

  /// Gives the lease back, if we hold it, so that another takes it at once; `run` then returns. To be called when all
  /// work that needs the lease is done.
  package func stop() { stopped.fire() }

  /// Returns after `stop` and when the task is cancelled. Throws when the lease was held and is lost: then the process
  /// must end, since another may lead soon.
  package func run() async throws(LeaseLost) {
    var election = LeaseElection(key, identity: identity, timing: timing)
    defer { announce(nil) }
    while !Task.isCancelled {
      if stopped.hasFired { election.stop() }
      let action = election.next(now: .now, time: .now, jitter: .random(in: 0...1))
      switch action {
      case .read, .create, .update: await request(action, &election)
      case .wait(let deadline): await wait(until: deadline)
      case .end(nil): return logger.notice("no longer running for the lease")
      case .end(let loss?):
        logger.critical("the lease is lost", metadata: ["error": "\(loss)"])
        throw loss
      }
    }
  }

  private func request(_ action: LeaseElection.Action, _ election: inout LeaseElection) async {
    let before = election.holder
    do {
      let limit = election.timeLimit(now: .now)
      let answer = try await withTimeLimit(limit) { () throws(KubernetesError) in try await self.perform(action) }
      switch action {
      case .read: election.read(answer, now: .now)
      default: if let answer { election.written(answer, now: .now) }
      }
    } catch {
      election.failed(error, now: .now)
      report(error, isLeading: election.leadsUntil != nil)
    }
    if election.holder != before, election.holder != identity, !election.holder.isEmpty {
      logger.info("another process leads", metadata: ["holder": "\(election.holder)"])
    }
    announce(election.leadsUntil)
  }

  private func perform(_ action: LeaseElection.Action) async throws(KubernetesError) -> Lease? {
    switch action {
    case .read: try await api.get(.lease, key).map(Lease.init)
    case .create(let lease): Lease(try await api.create(lease.object, as: .lease))
    case .update(let lease): Lease(try await api.update(lease.object, as: .lease))
    case .wait, .end: preconditionFailure("\(action) is no request")
    }
  }

  private func announce(_ deadline: LeaseElection.Instant?) {
    let wasHeld = leadership.isHeld
    leadership.set(until: deadline)
    status.record(deadline == nil ? 0 : 1)
    if deadline != nil, !wasHeld { logger.notice("this process leads") }
  }

  private func report(_ error: KubernetesError, isLeading: Bool) {
    if Task.isCancelled { return }
    // That another was faster is what an election is about.
    let level: Logger.Level = error.isConflict || error.isAlreadyExists ? .debug : .warning
    logger.log(
      level: level, "\(isLeading ? "the lease was not renewed" : "the lease could not be asked for")",
      metadata: ["error": "\(error)"])
  }

  private func wait(until deadline: LeaseElection.Instant) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.stopped.wait() }
      // Ends early on cancellation; the caller looks again in any case.
      group.addTask { try? await Task.sleep(until: deadline, clock: .continuous) }
      await group.next()
      group.cancelAll()
    }
  }
}
