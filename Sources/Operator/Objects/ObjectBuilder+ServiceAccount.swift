import KubernetesClient

extension ObjectBuilder {
  /// The pods' own account, to which nobody gives anything: that of the namespace may have been given what others need.
  /// Its token is not mounted.
  func serviceAccount() -> DesiredObject {
    object(
      .serviceAccount, Names.serviceAccount(name), .server, body: ["automountServiceAccountToken": false])
  }
}
