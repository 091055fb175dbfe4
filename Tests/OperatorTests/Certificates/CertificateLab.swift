import Certificates
import FoundationEssentials
import KubernetesClient
import ProgLogClient
import X509

@testable import Operator

/// A ProgLog's Secrets in memory, what of the operator keeps them, and those who go by them: servers and users, who
/// read their Secret when the test says so.
struct CertificateLab {
  static let start: Int64 = 1_800_000_000
  static let day: Int64 = 86_400

  var spec = ProgLogSpec()
  var mode = ProgLogSpec.TLS.Mode.managed
  var ordinals = 0..<3
  var addresses: [String: ClientAddress] = [:]
  /// Of the ProgLog.
  var annotations: [String: JSONValue] = [:]
  var time = start
  var secrets: [String: KubernetesObject] = [:]
  /// What each running pod has read last.
  var pods: [String: Reading] = [:]
  /// Pods that run and do not answer.
  var silent: Set<String> = []
  /// What each user has read last.
  var users: [String: Reading] = [:]
  let admin = AdminCertificates()
  private(set) var writes: [String] = []
  private var revision: Int64 = 0

  // MARK: What the operator sees

  var resource: KubernetesObject {
    KubernetesObject([
      "apiVersion": .string(ResourceType.progLog.apiVersion), "kind": .string(ResourceType.progLog.kind),
      "metadata": [
        "name": "log", "namespace": "default", "uid": "uid-of-log", "annotations": .object(annotations),
      ],
    ])
  }

  var builder: ObjectBuilder {
    ObjectBuilder(
      identity: Identity(resource), spec: spec, defaults: OperatorUnderTest.defaults, tlsMode: mode,
      ordinals: ordinals, addresses: addresses)
  }

  var observation: Observation {
    var observation = Observation(resource: resource, time: time)
    for (name, secret) in secrets { observation[.secret, name] = secret }
    for (pod, reading) in pods {
      observation.answers[pod] = silent.contains(pod) ? .silent("no route") : .report(reading.report(of: pod))
    }
    return observation
  }

  var inUse: CertificatesInUse { CertificatesInUse(builder, observation) }

  var plan: [Step] { inUse.steps }

  var transcript: [String] {
    plan.map { "\($0.title) (\($0.reason.rawValue))" + ($0.heldBackBy == nil ? "" : " held back") }
  }

  // MARK: What happens

  mutating func take(_ step: Step) throws {
    switch step.action {
    case .certify(let work): apply(try CertificateIssuer(builder, observation).secret(for: work))
    case .delete: secrets[step.object.name] = nil
    default: preconditionFailure("\(step) is no step of certificates")
    }
    writes.append(step.title)
  }

  /// One pass.
  /// - Parameter limit: after how many steps the operator stops.
  mutating func act(limit: Int = .max) throws {
    let (builder, observation) = (builder, observation)
    for step in plan.filter(\.isExecutable).prefix(limit) {
      // As the shell does it: all steps of a plan with the observation that they were planned with.
      guard case .certify(let work) = step.action else {
        try take(step)
        continue
      }
      apply(try CertificateIssuer(builder, observation).secret(for: work))
      writes.append(step.title)
    }
  }

  /// Passes until nothing is left that can be done now; returns false if that never comes.
  @discardableResult
  mutating func settle() throws -> Bool {
    for _ in 0..<10 {
      guard plan.contains(where: \.isExecutable) else { return true }
      try act()
    }
    return false
  }

  mutating func apply(_ desired: DesiredObject) {
    revision += 1
    var object = desired.object
    let name = object.name
    let uid = secrets[name]?.uid ?? "uid-of-\(name)-\(revision)"
    object.content["metadata"]?["uid"] = .string(uid)
    object.content["metadata"]?["resourceVersion"] = .string("\(revision)")
    secrets[name] = object
  }

  /// As somebody with `kubectl edit`; nil takes a key out.
  mutating func edit(_ secret: String, _ key: String, _ text: String?) {
    secrets[secret]?.content["data"]?[key] = text.map { .string(Data($0.utf8).base64EncodedString()) }
  }

  func text(_ secret: String, _ key: String) -> String? { SecretContents(secrets[secret])[key] }

  /// Kubelet brings the Secret to a pod, or a pod starts.
  mutating func read(_ pod: String) { pods[pod] = Reading(secrets["log-tls"], pod: pod) ?? pods[pod] }

  mutating func readAll() {
    for ordinal in ordinals { read("log-\(ordinal)") }
    for user in spec.users { readUser(user.name) }
  }

  mutating func readUser(_ user: String) { users[user] = Reading(user: secrets["log-user-\(user)"]) ?? users[user] }
}

/// What somebody goes by: read from a Secret as a whole, and kept until the next time.
struct Reading {
  var trusted: [Certificate]
  /// Shown to other nodes; a user's.
  var leaf: Certificate
  /// Shown to clients.
  var serverLeaf: Certificate
  private var tls: NodeTLSReport?

  /// Nil for a set that a server refuses: it goes on with what it has.
  init?(_ secret: KubernetesObject?, pod: String) {
    let contents = SecretContents(secret)
    guard
      let node = try? KeyPair(contents, certificate: Names.nodeCertificate(pod), key: Names.nodeKey(pod)),
      let server = try? KeyPair(contents, certificate: Names.serverCertificate(pod), key: Names.serverKey(pod)),
      let trust = try? TrustBundle(pem: contents[Names.trustKey] ?? ""), node.anchor(among: trust.authorities) != nil
    else { return nil }
    (trusted, leaf, serverLeaf) = (trust.authorities, node.leaf, server.leaf)
    let authorities = trusted.map(\.fingerprint)
    tls = NodeTLSReport(
      peerAuthorities: authorities, serverAuthorities: authorities, peerCertificate: leaf.fingerprint,
      serverCertificate: serverLeaf.fingerprint)
  }

  init?(user secret: KubernetesObject?) {
    let contents = SecretContents(secret)
    guard let pair = try? KeyPair(contents, certificate: Names.certificateKey, key: Names.privateKeyKey),
      let trust = try? TrustBundle(pem: contents[Names.trustKey] ?? "")
    else { return nil }
    (trusted, leaf, serverLeaf) = (trust.authorities, pair.leaf, pair.leaf)
  }

  func report(of pod: String) -> NodeReport {
    var report = NodeReport(identity: NodeIdentity(name: pod, incarnation: "1"), address: "\(pod):8400")
    report.tls = tls
    return report
  }

  func believes(_ certificate: Certificate) -> Bool { trusted.contains { $0.hasSigned(certificate) } }
}

extension CertificateLab {
  /// Who would refuse whom now: no call between two of these may fail, whatever happens.
  var refusals: [String] {
    var refusals: [String] = []
    for (pod, reading) in pods.sorted(by: { $0.key < $1.key }) {
      refusals += pods.filter { !$0.value.believes(reading.leaf) }.map { "\($0.key) refuses \(pod)" }
      for (user, other) in users {
        if !other.believes(reading.serverLeaf) { refusals.append("user \(user) refuses \(pod)") }
        if !reading.believes(other.leaf) { refusals.append("\(pod) refuses user \(user)") }
      }
    }
    return refusals
  }

  /// The same between the operator and the servers.
  func operatorRefusals() throws -> [String] {
    guard let credentials = try admin.credentials(builder, observation) else { return [] }
    let own = try PEM.certificates(in: credentials.certificate)[0]
    let trusted = try TrustBundle(pem: credentials.authorities).authorities
    return pods.flatMap { pod, reading in
      (reading.believes(own) ? [] : ["\(pod) refuses the operator"])
        + (trusted.contains { $0.hasSigned(reading.serverLeaf) } ? [] : ["the operator refuses \(pod)"])
    }
  }

  /// The certificates of the servers' Secret by their keys.
  var serverLeaves: [String: String] {
    let keys = (secrets["log-tls"]?.content["data"]?.object ?? [:]).keys
    return Dictionary(
      uniqueKeysWithValues: keys.filter { $0 != Names.trustKey && $0.hasSuffix(".crt") }.map {
        ($0, text("log-tls", $0) ?? "")
      })
  }

  func authorityNames(_ secret: String) -> [String] {
    (try? TrustBundle(pem: text(secret, Names.trustKey) ?? ""))?.authorities.map { "\($0.subject)" } ?? []
  }
}
