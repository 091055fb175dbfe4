import Authorization
import Certificates
import FoundationEssentials
import Logging
import NIOPosix

/// Takes up new certificates and new rules while the node runs. Connections that are open keep what they began with; rules are for
/// every call from then on. What is wrong changes nothing.
struct SecurityReloader {
  private let security: NodeSecurity
  /// Threads that may wait for the disk.
  private let readers: NIOThreadPool
  private let logger: Logger
  private var sets: [(files: ReloadableTLS, use: String, metrics: ExpiryMetrics)]

  init(security: NodeSecurity, readers: NIOThreadPool, logger: Logger) {
    self.security = security
    self.readers = readers
    self.logger = logger
    sets = [
      (files: security.tls.server, use: "server", metrics: ExpiryMetrics(use: "server")),
      (files: security.tls.peer, use: "peer", metrics: ExpiryMetrics(use: "peer")),
    ]
    for place in sets.indices { sets[place].metrics.record(sets[place].files.current.material.expiry) }
  }

  mutating func look(_ trigger: ReloadTrigger) async {
    for place in sets.indices {
      let outcome = await sets[place].files.reload(trigger)
      if case .replaced(let contexts) = outcome { sets[place].metrics.record(contexts.material.expiry) }
      report(outcome, sets[place].use, trigger)
    }
    await reloadRules(trigger)
  }

  private func report(_ outcome: ReloadOutcome, _ use: String, _ trigger: ReloadTrigger) {
    switch outcome {
    case .replaced(let contexts):
      logger.notice(
        "certificates replaced: new connections use them",
        metadata: ["use": "\(use)", "valid_until": "\(contexts.material.expiry.leaf.formatted(.iso8601))"])
    case .failed(let error):
      logger.error(
        "certificates not replaced: those in use stay", metadata: ["use": "\(use)", "error": "\(error)"])
    case .unchanged where trigger == .asked:
      logger.info("certificates are what they were", metadata: ["use": "\(use)"])
    case .unchanged, .settling: break
    }
  }

  private func reloadRules(_ trigger: ReloadTrigger) async {
    guard let policy = security.access.policy else { return }
    switch try? await readers.runIfActive({ policy.reload() }) {
    case .loaded(let rules, let hash):
      logger.notice(
        "rules replaced: they hold for every call from now on",
        metadata: ["rules": "\(rules.ruleCount)", "roles": "\(rules.roleCount)", "hash": "\(hash)"])
    case .rejected(let error):
      logger.error("rules not replaced: those in force stay", metadata: ["error": "\(error)"])
    case .unchanged where trigger == .asked: logger.info("the rules are what they were")
    case .unchanged, nil: break
    }
  }
}
