import FuzzSupport

@testable import KubernetesClient

extension FuzzTarget {
  static let execCredential = FuzzTarget(
    "exec-credential", maximumBytes: 512,
    seeds: { execCredentialSeeds.map { Array($0.utf8) } },
    dictionary: [
      #""status""#, #""token""#, #""clientCertificateData""#, #""clientKeyData""#, #""expirationTimestamp""#,
      #""kind":"ExecCredential""#, "null", "true", "2030-01-02T03:04:05+01:00",
    ],
    run: { input in
      let plugin = ExecPlugin(
        apiVersion: "client.authentication.k8s.io/v1", command: "plugin", origin: "kubeconfig")
      do {
        let credential = try ExecCredential(input, of: plugin)
        try require(
          credential.token != nil || credential.clientCertificate != nil, "an answer without a credential passes")
        try require(credential.token?.isEmpty != true, "an empty token passes")
        if let certificate = credential.clientCertificate {
          _ = (try certificate.chain.read(), try certificate.key.read())
        }
        return true
      } catch let error as KubernetesError {
        guard case .configuration = error else { throw error }
        return false
      }
    })

  private static let execCredentialSeeds = [
    #"{"token":"t","expirationTimestamp":"2030-01-02T03:04:05Z"}"#,
    #"{"token":"t","expirationTimestamp":"2030-01-02T03:04:05.678Z"}"#,
    #"{"clientCertificateData":"c","clientKeyData":"k"}"#,
  ].map { #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":\#($0)}"# }
}
