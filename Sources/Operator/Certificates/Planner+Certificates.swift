import KubernetesClient

extension Planner {
  /// What is to be done for certificates, waited for or refused, by the mode that the servers run with.
  func certificates(_ builder: ObjectBuilder, _ observation: Observation) -> [Step] {
    let steps =
      switch builder.tlsMode {
      case .managed: ManagedCertificates(builder, observation).steps
      case .secrets: CopiedCertificates(builder, observation).steps
      case .disabled: [Step]()
      }
    return steps + surplusUsers(builder, observation)
  }

  /// The Secrets that must be looked up before a plan is made: their absence would make us write others in their place.
  func certificateSecrets(_ builder: ObjectBuilder) -> [ObjectReference] {
    let names =
      switch builder.tlsMode {
      case .managed:
        [Names.authoritySecret(builder.name), Names.serverSecret(builder.name)]
          + builder.spec.users.map { Names.userSecret(builder.name, $0.name) }
      case .secrets: [Names.serverSecret(builder.name)]
      case .disabled: [String]()
      }
    return names.map { ObjectReference(type: .secret, name: $0) }
  }

  /// Secrets that somebody else writes and that a plan depends on.
  func foreignSecrets(_ builder: ObjectBuilder) -> [ObjectReference] {
    guard builder.tlsMode == .secrets else { return [] }
    let ofServers = builder.spec.tls.secretPrefix.map { prefix in
      builder.ordinals.map { Names.copiedSecret(prefix, $0) }
    }
    return ((ofServers ?? []) + [builder.spec.tls.adminSecret].compactMap { $0 })
      .map { ObjectReference(type: .secret, name: $0) }
  }

  /// Users that are no more. Their certificates are believed until they end, but nobody should find them lying about.
  private func surplusUsers(_ builder: ObjectBuilder, _ observation: Observation) -> [Step] {
    let wanted = Set(builder.spec.users.map { Names.userSecret(builder.name, $0.name) })
    return observation.all(.secret).compactMap { secret in
      guard secret.controllerUID == builder.identity.uid, !secret.isBeingDeleted, !wanted.contains(secret.name),
        secret.name.hasPrefix(Names.userSecret(builder.name, "")),
        secret.labels[Names.componentLabel] == Names.Component.user.rawValue
      else { return nil }
      return Step(
        action: .delete(uid: secret.uid), object: ObjectReference(type: .secret, name: secret.name),
        reason: .userRemoved, because: "spec.users has no such user any more")
    }
  }
}
