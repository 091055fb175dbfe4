import KubernetesClient
import ProgLogClient
import Synchronization
import Telemetry

/// What alerts want to know of each ProgLog, as of its last pass. Only the operator that leads has any.
final class LogMetrics: Sendable {
  /// One ProgLog's.
  struct Sample: Sendable, Hashable {
    /// Nil while no server is wanted.
    var isReady: Bool?
    var hasLeader: Bool?
    var members: [ClusterMember.Role: Int] = [:]
    var readyMembers: [ClusterMember.Role: Int] = [:]
    /// Steps that are still to be taken, waited for or refused.
    var planLength = 0
    /// The step that the plan waits at; nil when it is empty, or something can be done.
    var obstacle: String?
    /// In seconds since 1970, by what ends then.
    var expiries: [String: Int64] = [:]
  }

  private struct Entry {
    var sample: Sample
    /// When the plan came to wait at its obstacle.
    var blockedSince: ContinuousClock.Instant
  }

  private let entries = Mutex<[ObjectKey: Entry]>([:])

  func record(_ sample: Sample, of key: ObjectKey, now: ContinuousClock.Instant = .now) {
    entries.withLock { entries in
      let isStill = sample.obstacle != nil && entries[key]?.sample.obstacle == sample.obstacle
      entries[key] = Entry(sample: sample, blockedSince: isStill ? entries[key]?.blockedSince ?? now : now)
    }
  }

  func forget(_ key: ObjectKey) { entries.withLock { $0[key] = nil } }

  func collect(into samples: inout ScrapeSamples, now: ContinuousClock.Instant = .now) {
    for (key, entry) in entries.withLock({ $0 }) {
      let labels = [("namespace", key.namespace), ("name", key.name)]
      let sample = entry.sample
      if let isReady = sample.isReady { samples.gauge("proglog_operator_ready", isReady ? 1 : 0, dimensions: labels) }
      if let has = sample.hasLeader { samples.gauge("proglog_operator_has_leader", has ? 1 : 0, dimensions: labels) }
      for role in [ClusterMember.Role.voter, .learner] {
        let labels = labels + [("role", role.rawValue)]
        samples.gauge("proglog_operator_members", Double(sample.members[role] ?? 0), dimensions: labels)
        samples.gauge("proglog_operator_members_ready", Double(sample.readyMembers[role] ?? 0), dimensions: labels)
      }
      samples.gauge("proglog_operator_plan_steps", Double(sample.planLength), dimensions: labels)
      let blocked = sample.obstacle == nil ? .zero : entry.blockedSince.duration(to: now)
      samples.gauge("proglog_operator_plan_blocked_seconds", blocked / .seconds(1), dimensions: labels)
      for (kind, time) in sample.expiries {
        samples.gauge(
          "proglog_operator_certificate_expiry_timestamp_seconds", Double(time),
          dimensions: labels + [("certificate", kind)])
      }
    }
  }

  static let descriptions: [PrometheusRegistry.Description] = [
    .init("proglog_operator_ready", "Whether a ProgLog's condition Ready is True; absent while it hibernates."),
    .init("proglog_operator_has_leader", "Whether a ProgLog's cluster has a leader; absent while it hibernates."),
    .init("proglog_operator_members", "Members of a ProgLog's cluster, by role."),
    .init("proglog_operator_members_ready", "Members of a ProgLog's cluster whose pods are ready, by role."),
    .init("proglog_operator_plan_steps", "Steps that are to be taken, waited for or refused for a ProgLog."),
    .init("proglog_operator_plan_blocked_seconds", "For how long a ProgLog's plan has waited at the same step."),
    .init(
      "proglog_operator_certificate_expiry_timestamp_seconds",
      "When the first certificate (leaf) or the authority of a ProgLog ends, in Unix time."),
  ]
}

extension LogMetrics.Sample {
  /// - Parameter steps: what is left after a pass.
  init(_ situation: Situation, steps: [Step], isReady: Bool, expiries: [String: Int64]) {
    let cluster = situation.cluster
    if !situation.spec.isHibernated {
      self.isReady = isReady
      hasLeader = cluster.leader != nil
    }
    for member in cluster.members {
      members[member.role, default: 0] += 1
      let pod = situation.observation[.pod, member.identity.name]
      if pod?.isReady == true { readyMembers[member.role, default: 0] += 1 }
    }
    planLength = steps.count
    // What was refused is Degraded, and has an alert of its own.
    if let first = steps.first(where: { !$0.isRefused }), !first.isExecutable { obstacle = first.title }
    self.expiries = expiries
  }
}
