import KubernetesClient

/// The certificates of a ProgLog, where they come from by the mode that its servers run with.
struct CertificatesInUse {
  enum Source {
    case managed(ManagedCertificates)
    case copied(CopiedCertificates)
    /// The servers speak plaintext.
    case none
  }

  let builder: ObjectBuilder
  let observation: Observation
  let source: Source

  init(_ builder: ObjectBuilder, _ observation: Observation) {
    self.builder = builder
    self.observation = observation
    source =
      switch builder.tlsMode {
      case .managed: .managed(ManagedCertificates(builder, observation))
      case .secrets: .copied(CopiedCertificates(builder, observation))
      case .disabled: .none
      }
  }

  /// What is to be done for them, waited for or refused.
  var steps: [Step] {
    switch source {
    case .managed(let managed): managed.steps + surplusUsers
    case .copied(let copied): copied.steps + surplusUsers
    case .none: surplusUsers
    }
  }

  /// Users that are no more. Their certificates are believed until they end, but nobody should find them lying about.
  private var surplusUsers: [Step] {
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
