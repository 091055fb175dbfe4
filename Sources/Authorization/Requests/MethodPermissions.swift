/// What each method of the gRPC API needs. A method that is not listed is denied, so that one that is added to a
/// service is closed until somebody has thought about it.
package struct MethodPermissions: Sendable {
  /// What an interceptor does with a call.
  package enum Verdict: Sendable, Equatable {
    /// With the decision of the policy, if it was asked.
    case permitted(Decision?)
    /// Nobody has shown who is calling.
    case unauthenticated
    /// The decision is nil where there is no policy: then nothing is allowed.
    case denied(PermissionDenied, Decision?)
    /// The method is in no table.
    case unknownMethod
  }

  private let kinds: [String: RequestKind]

  /// - Parameter kinds: by path, `/log.v1.Log/Produce`.
  package init(_ kinds: [String: RequestKind]) { self.kinds = kinds }

  /// Of all services of `Proto/`.
  package static let all = MethodPermissions(
    methods(
      of: "log.v1.Log",
      [
        "Produce": .produce, "ProduceStream": .produce, "Consume": .consume, "ConsumeStream": .consume,
        "FindOffset": .consume, "GetServers": .servers,
      ])
      + methods(
        of: "proglog.admin.v1.Admin",
        [
          "GetStatus": .admin, "Bootstrap": .admin, "Join": .join, "AddMember": .admin, "PromoteMember": .admin,
          "DemoteMember": .admin, "RemoveMember": .admin, "TransferLeadership": .admin, "Recover": .admin,
        ])
      + methods(of: "grpc.health.v1.Health", ["Check": .health, "Watch": .health])
      + methods(of: "grpc.reflection.v1.ServerReflection", ["ServerReflectionInfo": .reflection])
      + methods(of: "grpc.reflection.v1alpha.ServerReflection", ["ServerReflectionInfo": .reflection]))

  private init(_ kinds: [(String, RequestKind)]) {
    self.kinds = Dictionary(kinds) { first, _ in preconditionFailure("two methods have one path, one of them \(first)")
    }
  }

  private static func methods(of service: String, _ kinds: [String: RequestKind]) -> [(String, RequestKind)] {
    kinds.map { ("/\(service)/\($0)", $1) }
  }

  package var paths: [String] { kinds.keys.sorted() }

  package func kind(of path: String) -> RequestKind? { kinds[path] }

  /// - Parameter identity: nil where no certificate was shown.
  package func verdict(on path: String, of identity: Identity?, by policy: AccessPolicy?) -> Verdict {
    guard let kind = kind(of: path) else { return .unknownMethod }
    return kind.verdict(on: identity, by: policy)
  }
}

extension RequestKind {
  /// For an API that knows the kind of a request by itself, as HTTP's does.
  package func verdict(on identity: Identity?, by policy: AccessPolicy?) -> MethodPermissions.Verdict {
    guard let identity else { return .unauthenticated }
    switch requirement {
    case .authenticated: return .permitted(nil)
    case .permission where identity.profile == .admin, .nodeOrPermission where identity.profile == .admin:
      return .permitted(nil)
    case .nodeOrPermission where identity.profile == .node: return .permitted(nil)
    case .permission(let object, let action), .nodeOrPermission(let object, let action):
      let decision = policy?.decide(subject: identity.subject, object: object, action: action)
      if let decision, decision.isAllowed { return .permitted(decision) }
      return .denied(PermissionDenied(subject: identity.subject, object: object, action: action), decision)
    }
  }
}
