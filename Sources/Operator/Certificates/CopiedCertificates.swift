import Certificates
import FoundationEssentials
import KubernetesClient
import ProgLogClient
import X509

/// What the servers' Secret is to hold when its certificates come from Secrets that somebody else writes.
///
/// Others renew when they like, and may change their authority between two pods. So trust goes ahead here as well: a
/// certificate of an authority that is new waits until every server trusts it, and an authority that is in no Secret
/// any more is dropped once every server shows what it does not vouch for.
struct CopiedCertificates {
  private let builder: ObjectBuilder
  private let observation: Observation
  /// What the servers use at the moment.
  let server: CertificateSecret
  private var pairs: [String: KeyPair] = [:]
  private var trusted: [Certificate] = []
  private var problems: [Step] = []
  private var waits: [Step] = []

  init(_ builder: ObjectBuilder, _ observation: Observation) {
    self.builder = builder
    self.observation = observation
    server = CertificateSecret(observation[.secret, Names.serverSecret(builder.name)], time: observation.time)
    let sources = readSources()
    let authorities = Self.distinct(builder.ordinals.compactMap { sources[$0] }.flatMap(\.trusted))
    trusted = Self.distinct(server.trusted + authorities)
    for ordinal in builder.ordinals { choose(ordinal, sources[ordinal]) }
    drop(all: authorities, isComplete: sources.count == builder.ordinals.count)
  }

  var steps: [Step] { ([copyStep].compactMap { $0 }) + waits + problems }

  /// The whole contents, without the keyring; nil while there is nothing to copy.
  var data: [String: String]? {
    guard !pairs.isEmpty, let trust = try? TrustBundle(trusted).text() else { return nil }
    var data = [Names.trustKey: trust]
    for (pod, pair) in pairs {
      // A node's certificate is a server's as well.
      (data[Names.nodeCertificate(pod)], data[Names.nodeKey(pod)]) = (pair.certificateText, pair.keyText)
      (data[Names.serverCertificate(pod)], data[Names.serverKey(pod)]) = (pair.certificateText, pair.keyText)
    }
    return data
  }

  /// Of the certificates, which tell their keys.
  var digest: String {
    let certificates = (data ?? [:]).filter { $0.key.hasSuffix(".crt") }
    return Fingerprint(.object(certificates.mapValues { .string($0) })).text
  }

  var leaves: [Certificate] { pairs.values.map(\.leaf) }
  var authorities: [Certificate] { trusted }

  private var copyStep: Step? {
    guard let data, let because = reasonToCopy(data) else { return nil }
    return Step(
      action: .certify(.copySecrets(digest: digest)), object: reference, reason: because.0, because: because.1,
      heldBackBy: server.obstacle(builder))
  }

  private func reasonToCopy(_ data: [String: String]) -> (Step.Reason, String)? {
    guard server.object != nil else { return (.certificateMissing, "there is none") }
    if let key = data.keys.sorted().first(where: { server.contents[$0] != data[$0] }) {
      return (.specChanged, "\(key) is not what it should be copied from")
    }
    guard GossipKeyring.isUsable(server.contents[Names.gossipKeyring]) else {
      return (.certificateMissing, "there is no \(Names.gossipKeyring)")
    }
    guard server.object?.annotations[Names.podsAnnotation] == builder.podsText else {
      return (.surplus, "the pods are \(builder.podsText) now")
    }
    let frame = builder.certificateSecret(
      reference.name, .certificates, type: Names.opaqueSecret, annotations: [:], data: nil)
    return server.drift(frame).map { (.drifted, $0) }
  }

  private var reference: ObjectReference {
    ObjectReference(type: .secret, name: Names.serverSecret(builder.name))
  }

  private static func distinct(_ certificates: [Certificate]) -> [Certificate] {
    var seen: Set<Certificate> = []
    return certificates.filter { seen.insert($0).inserted }
  }
}

// MARK: - What there is

extension CopiedCertificates {
  private mutating func readSources() -> [Int: CopiedCertificate] {
    guard let prefix = builder.spec.tls.secretPrefix else {
      problems.append(
        Step(
          action: .refuse, object: ObjectReference(type: .progLog, name: builder.name), reason: .invalidSpec,
          because: "spec.tls.secretPrefix must say whose Secrets are copied, since spec.tls.mode is Secrets"))
      return [:]
    }
    var sources: [Int: CopiedCertificate] = [:]
    for ordinal in builder.ordinals {
      let pod = Names.pod(builder.name, ordinal)
      let source = ObjectReference(type: .secret, name: Names.copiedSecret(prefix, ordinal))
      guard let object = observation.objects[source] else {
        problems.append(
          Step(
            action: .await, object: source, reason: .secretMissing,
            because: "there is none; it must hold \(Names.certificateKey), \(Names.privateKeyKey) and "
              + "\(Names.trustKey) of Pod \(pod)"))
        continue
      }
      let host = Names.memberHost(builder.name, ordinal, in: builder.identity.namespace)
      do throws(LeafProblem) {
        sources[ordinal] = try CopiedCertificate(object, pod: pod, host: host, time: observation.time)
      } catch {
        problems.append(
          Step(action: .refuse, object: source, reason: .certificateInvalid, because: "Pod \(pod): \(error.text)"))
      }
    }
    return sources
  }

  /// What a pod shows now, if it may.
  private func current(_ pod: String) -> KeyPair? {
    let keys = (Names.nodeCertificate(pod), Names.nodeKey(pod))
    guard let pair = try? KeyPair(server.contents, certificate: keys.0, key: keys.1),
      (try? pair.checkDates(observation.time)) != nil, pair.anchor(among: trusted) != nil
    else { return nil }
    return pair
  }
}

// MARK: - What is to be

extension CopiedCertificates {
  private mutating func choose(_ ordinal: Int, _ source: CopiedCertificate?) {
    let pod = Names.pod(builder.name, ordinal)
    let current = current(pod)
    guard let source else {
      pairs[pod] = current
      return
    }
    guard let current, current.certificateText != source.pair.certificateText,
      let anchor = source.pair.anchor(among: trusted), !isInUse(anchor)
    else {
      pairs[pod] = source.pair
      return
    }
    let waits = waits(before: anchor)
    self.waits += waits.filter { !self.waits.contains($0) }
    pairs[pod] = waits.isEmpty ? source.pair : current
  }

  /// What has to happen before somebody may show what an authority has signed.
  private func waits(before anchor: Certificate) -> [Step] {
    let because = "it does not trust \(anchor.subject) yet"
    guard server.trusted.contains(anchor) else { return [wait(.secret, reference.name, because)] }
    let fingerprint = anchor.fingerprint
    let lagging = runningPods { _, report in
      !report.peerAuthorities.contains(fingerprint) || !report.serverAuthorities.contains(fingerprint)
    }
    return lagging.map { wait(.pod, $0, because) } + graceStep
  }

  /// Whether a server shows what an authority has signed already.
  private func isInUse(_ anchor: Certificate) -> Bool {
    server.trusted.contains(anchor)
      && builder.ordinals.contains { current(Names.pod(builder.name, $0))?.anchor(among: [anchor]) != nil }
  }

  /// - Parameter isComplete: whether every Secret could be read: who knows what the others hold?
  private mutating func drop(all authorities: [Certificate], isComplete: Bool) {
    guard isComplete, trusted.count > authorities.count else { return }
    guard pairs.values.allSatisfy({ $0.anchor(among: authorities) != nil }) else { return }
    let isCopied = pairs.allSatisfy { pod, pair in
      server.contents[Names.nodeCertificate(pod)] == pair.certificateText
        && server.contents[Names.serverCertificate(pod)] == pair.certificateText
    }
    guard isCopied, waits.isEmpty else { return }
    let shown = Dictionary(uniqueKeysWithValues: pairs.map { ($0.key, $0.value.leaf.fingerprint) })
    let lagging = runningPods { pod, report in
      report.peerCertificate != shown[pod] || report.serverCertificate != shown[pod]
    }
    waits = lagging.map { wait(.pod, $0, "it does not show its new certificate yet") } + graceStep
    if waits.isEmpty { trusted = authorities }
  }

  /// One that does not answer is as far behind as can be.
  private func runningPods(that lag: (String, NodeTLSReport) -> Bool) -> [String] {
    observation.answers.keys.sorted().filter { pod in
      observation.answers[pod]?.report?.tls.map { lag(pod, $0) } ?? true
    }
  }

  private func wait(_ type: ResourceType, _ name: String, _ because: String) -> Step {
    Step(
      action: .await, object: ObjectReference(type: type, name: name), reason: .trustSpreading, because: because)
  }

  private var graceStep: [Step] {
    guard observation.time < graceEnd else { return [] }
    return [
      wait(
        .secret, reference.name,
        "clients have until \(DateText.text(Date(seconds: graceEnd))) to read whom they are to trust")
    ]
  }

  /// When all that was written is known to everybody.
  var graceEnd: Int64 { (server.writtenAt ?? observation.time) + builder.spec.tls.trustGracePeriod }
}
