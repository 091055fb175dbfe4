/// Everything that can be set. One name serves as flag (`--rpc-port`), key of the configuration file (`rpc-port`) and,
/// upper-cased behind a prefix, as environment variable (`LOGD_RPC_PORT`).
package enum SettingKey: String, CaseIterable, Sendable {
  case dataDirectory = "data-dir"
  case nodeName = "node-name"
  case bindAddress = "bind-addr"
  case rpcPort = "rpc-port"
  case httpPort = "http-port"
  case opsPort = "ops-port"
  case advertiseRPCAddress = "advertise-rpc-addr"
  case clientAddressesFile = "client-addresses-file"
  case bootstrap = "bootstrap"
  case startJoinAddresses = "start-join-addrs"
  case electionTimeout = "election-timeout"
  case heartbeatInterval = "heartbeat-interval"
  case membership = "membership"
  case gossipKeyringFile = "gossip-keyring-file"
  case advertiseGossipAddress = "advertise-gossip-addr"
  case serverCertificateFile = "server-tls-cert-file"
  case serverKeyFile = "server-tls-key-file"
  case serverCAFile = "server-tls-ca-file"
  case peerCertificateFile = "peer-tls-cert-file"
  case peerKeyFile = "peer-tls-key-file"
  case peerCAFile = "peer-tls-ca-file"
  case aclModelFile = "acl-model-file"
  case aclPolicyFile = "acl-policy-file"
  case aclSubject = "acl-subject"
  case allowPlaintextOnNetwork = "allow-plaintext-on-network"
  case maximumStoreBytes = "max-store-bytes"
  case maximumIndexBytes = "max-index-bytes"
  case preallocationBytes = "preallocation-bytes"
  case maximumRecordBytes = "max-record-bytes"
  case maximumBatchBytes = "max-batch-bytes"
  case tailCacheBytes = "tail-cache-bytes"
  case retentionBytes = "retention-bytes"
  case retentionAge = "retention-age"
  case retentionInterval = "retention-interval"
  case shutdownTimeout = "shutdown-timeout"
  case logLevel = "log-level"
  case logFormat = "log-format"

  package static let environmentPrefix = "LOGD_"

  package var environmentName: String {
    Self.environmentPrefix + rawValue.uppercased().replacing("-", with: "_")
  }

  /// The key closest to a misspelt one, if any is close enough to be what was meant.
  package static func nearest(to name: String) -> SettingKey? {
    let candidates = allCases.map { (key: $0, distance: editDistance(name, $0.rawValue)) }
    guard let best = candidates.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(2, name.count / 4) ? best.key : nil
  }

  /// Levenshtein's distance.
  private static func editDistance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (i, character) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for j in right.indices {
        let substitution = diagonal + (character == right[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[right.count]
  }
}
