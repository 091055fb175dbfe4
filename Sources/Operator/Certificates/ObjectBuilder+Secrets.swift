import KubernetesClient

extension ObjectBuilder {
  /// The Secrets that must be looked up before a plan is made: their absence would make us write others in their place.
  var certificateSecrets: [ObjectReference] {
    let names =
      switch tlsMode {
      case .managed:
        [Names.authoritySecret(name), Names.serverSecret(name)] + spec.users.map { Names.userSecret(name, $0.name) }
      case .secrets: [Names.serverSecret(name)]
      case .disabled: [String]()
      }
    return names.map { ObjectReference(type: .secret, name: $0) }
  }

  /// Secrets that somebody else writes and that a plan depends on.
  var foreignSecrets: [ObjectReference] {
    guard tlsMode == .secrets else { return [] }
    let ofServers = spec.tls.secretPrefix.map { prefix in ordinals.map { Names.copiedSecret(prefix, $0) } }
    return ((ofServers ?? []) + [spec.tls.adminSecret].compactMap { $0 })
      .map { ObjectReference(type: .secret, name: $0) }
  }
}
