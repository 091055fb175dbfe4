package import Authorization
package import Certificates
import CoreMetrics
import Gossip
package import Logging
package import NIOCore
package import RPCServer
import Synchronization

/// Who may do what, for every API of a node. Without TLS there is none: nobody shows who they are.
package final class AccessControl: Sendable {
  /// What to answer to a request.
  package enum Answer: Equatable, Sendable {
    case permitted
    case unauthenticated(String)
    case denied(PermissionDenied)
    /// A request that no table knows is closed to all.
    case unknown
  }

  /// Between lines about denials.
  private static let interval = TimeAmount.seconds(1)

  /// nil: there are no rules, so that none permits anything.
  package let policy: ReloadablePolicy?
  private let subjectSource: SubjectSource
  private let logger: Logger
  private let throttle = Mutex(LogThrottle(interval: AccessControl.interval))
  private let permitted: [RequestKind: Counter]
  private let denied: [RequestKind: Counter]
  private let unauthenticated = Counter(label: "proglog_access_unauthenticated_total")

  package init(policy: ReloadablePolicy?, subject: SubjectSource, logger: Logger) {
    self.policy = policy
    subjectSource = subject
    self.logger = logger
    permitted = Self.counters("permitted")
    denied = Self.counters("denied")
  }

  private static func counters(_ decision: String) -> [RequestKind: Counter] {
    Dictionary(
      uniqueKeysWithValues: RequestKind.allCases.map { kind in
        let labels = [("request", "\(kind)"), ("decision", decision)]
        return (kind, Counter(label: "proglog_access_decisions_total", dimensions: labels))
      })
  }

  /// Who the owner of a certificate is to the rules; nil: they cannot know it by any name.
  package func caller(_ certificate: CertificateIdentity) -> Caller? {
    let subject = try? certificate.subject(subjectSource)
    switch certificate.role {
    case .node:
      let identity = Identity(subject: Subject(subject ?? "a node without a name"), profile: .node)
      return identity.map { Caller(identity: $0, nodeName: certificate.commonName) }
    case .admin:
      return Identity(subject: Subject(subject ?? "an administrator without a name"), profile: .admin)
        .map { Caller(identity: $0) }
    case .client, .server:
      return subject.flatMap { Identity(subject: Subject($0), profile: .client) }.map { Caller(identity: $0) }
    }
  }

  /// - Parameter kind: nil: no table knows the request.
  package func answer(_ kind: RequestKind?, of identity: Identity?, from address: SocketAddress?) -> Answer {
    guard let identity else { return .unauthenticated(refuseNameless()) }
    guard let kind else { return .unknown }
    switch kind.verdict(on: identity, by: policy?.current) {
    case .permitted:
      permitted[kind]?.increment()
      return .permitted
    case .denied(let refusal, let decision):
      denied[kind]?.increment()
      report(refusal, decision, address)
      return .denied(refusal)
    case .unauthenticated: return .unauthenticated("nobody has shown who asks")
    case .unknownMethod: return .unknown
    }
  }

  /// - Returns: why.
  private func refuseNameless() -> String {
    unauthenticated.increment()
    let name = subjectSource == .uri ? "URI" : "common name"
    return "the certificate names no \(name) by which the rules could know its owner"
  }

  private func report(_ refusal: PermissionDenied, _ decision: Decision?, _ address: SocketAddress?) {
    guard let leftOut = throttle.withLock({ $0.admit(at: .now()) }) else { return }
    var metadata: Logger.Metadata = [
      "subject": "\(refusal.subject)", "action": "\(refusal.action)", "object": "\(refusal.object)",
      "peer": "\(address.map { "\($0)" } ?? "unknown")", "why": "\(decision.map { "\($0)" } ?? "there are no rules")",
    ]
    if leftOut > 0 { metadata["left_out"] = "\(leftOut)" }
    logger.notice("permission denied", metadata: metadata)
  }
}

// MARK: - gRPC

extension AccessControl {
  /// Authentication first, then authorization; the handlers of calls know of neither.
  package var interceptors: [RPCInterceptor] { [authenticate, authorize] }

  private var authenticate: RPCInterceptor {
    { [self] call in
      if call.peer.identity is Caller { return nil }
      return RPCStatus(.unauthenticated, refuseNameless(), details: [RPCStatus.errorInfo("UNAUTHENTICATED")])
    }
  }

  private var authorize: RPCInterceptor {
    let permissions = MethodPermissions.all
    return { [self] call in
      let kind = permissions.kind(of: call.method.path)
      switch answer(kind, of: (call.peer.identity as? Caller)?.identity, from: call.peer.remoteAddress) {
      case .permitted: return nil
      case .denied(let refusal):
        return RPCStatus(
          .permissionDenied, "\(refusal)",
          details: [
            RPCStatus.errorInfo(
              "PERMISSION_DENIED",
              [
                "subject": refusal.subject.text, "object": refusal.object.text, "action": refusal.action.text,
              ])
          ])
      case .unauthenticated(let reason): return RPCStatus(.unauthenticated, reason)
      case .unknown: return RPCStatus(.permissionDenied, "no rule of this server is about \(call.method.path)")
      }
    }
  }
}
