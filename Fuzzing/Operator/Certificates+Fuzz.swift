import FuzzSupport
import NIOCore

@testable import KubernetesClient
@testable import Operator

extension FuzzTarget {
  /// The Secrets of a ProgLog as somebody may have edited them, `{SECRET: {KEY: TEXT}}`: a plan follows from whatever
  /// is in them, and what it makes is taken for what it is.
  static let certificateSecrets = FuzzTarget(
    "certificate-secrets", maximumBytes: 8192,
    seeds: {
      var world = SecretWorld([:])
      var seeds: [[UInt8]] = []
      for _ in 0..<3 {
        try world.pass()
        seeds.append(world.text)
      }
      return seeds
    },
    dictionary: [
      "log-ca", "log-tls", "log-user-a", "ca.crt", "ca.key", "ca-signing.crt", "ca-next.key", "ca-next.crt", "tls.crt",
      "tls.key", "log-0.node.crt", "log-0.node.key", "gossip.keyring", "-----BEGIN CERTIFICATE-----\\n",
    ],
    run: { input in
      guard let json = try? JSONCoding.decode(ByteBuffer(bytes: input)), let secrets = json.object else { return false }
      var world = SecretWorld(secrets)
      _ = CertificatesInUse(world.builder, world.observation).status
      for mode in [ProgLogSpec.TLS.Mode.secrets, .managed] {
        world.mode = mode
        try require(world.plan == world.plan, "a plan that is not the same twice")
      }
      for _ in 0..<8 where world.plan.contains(where: \.isExecutable) { try world.pass() }
      try require(!world.plan.contains(where: \.isExecutable), "there is no end of \(world.plan)")
      try require(world.hasKept, "what was made cannot be read")
      return true
    })
}

/// A ProgLog of one server and one user, and its Secrets.
private struct SecretWorld {
  private(set) var secrets: [String: KubernetesObject]
  var mode = ProgLogSpec.TLS.Mode.managed

  init(_ secrets: [String: JSONValue]) {
    self.secrets = [:]
    for (name, data) in secrets where name.utf8.count < 64 {
      let texts = (data.object ?? [:]).compactMapValues(\.string)
      self.secrets[name] = Self.secret(name, texts)
    }
  }

  private static func secret(_ name: String, _ texts: [String: String]) -> KubernetesObject {
    KubernetesObject([
      "metadata": [
        "name": .string(name),
        "ownerReferences": [["uid": "uid", "controller": true, "kind": "ProgLog", "name": "log"]],
      ], "data": SecretContents.encoded(texts),
    ])
  }

  private var resource: KubernetesObject {
    KubernetesObject(["metadata": ["name": "log", "namespace": "default", "uid": "uid"]])
  }

  var builder: ObjectBuilder {
    var spec = ProgLogSpec()
    spec.users = [.init(name: "a")]
    spec.tls.secretPrefix = "log-user-a"
    return ObjectBuilder(
      identity: Identity(resource), spec: spec, defaults: OperatorDefaults(image: "logd"), tlsMode: mode)
  }

  var observation: Observation {
    var observation = Observation(resource: resource, time: 1_800_000_000)
    for (name, secret) in secrets { observation[.secret, name] = secret }
    return observation
  }

  var plan: [Step] { CertificatesInUse(builder, observation).steps }

  mutating func pass() throws {
    let issuer = CertificateIssuer(builder, observation)
    for step in plan where step.isExecutable {
      switch step.action {
      case .certify(let work): secrets[step.object.name] = try issuer.secret(for: work).object
      default: secrets[step.object.name] = nil
      }
    }
  }

  /// Whether there are an authority and the servers' certificates.
  var hasKept: Bool {
    let state = CertificateState(builder, observation)
    return state.authority.issuer != nil && state.leaves.count == 3
  }

  /// As the input of the harness.
  var text: [UInt8] {
    let texts = secrets.mapValues { secret in
      let contents = SecretContents(secret)
      let keys = (secret.content["data"]?.object ?? [:]).keys
      return JSONValue.object(
        Dictionary(uniqueKeysWithValues: keys.map { ($0, .string(contents[$0] ?? "")) }))
    }
    return (try? JSONCoding.encode(.object(texts))) ?? []
  }
}
