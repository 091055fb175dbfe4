import Certificates
import FoundationEssentials
import KubernetesClient
import Testing
import X509

@testable import Operator

/// Certificates that somebody else makes, such as cert-manager.
@Suite struct CopiedCertificatesTests {
  private let authority: CertificateAuthority
  private var lab: CertificateLab

  init() throws {
    authority = try CertificateAuthority(creating: "theirs", now: Date(seconds: CertificateLab.start))
    lab = CertificateLab()
    lab.mode = .secrets
    lab.spec.tls.mode = .secrets
    lab.spec.tls.secretPrefix = "certs"
    lab.spec.tls.adminSecret = "certs-admin"
  }

  private func write(
    _ lab: inout CertificateLab, _ ordinal: Int, by authority: CertificateAuthority? = nil,
    profile: CertificateProfile = .node, name: String? = nil, host: String? = nil,
    trusting: [CertificateAuthority] = [],
    lifetime: Duration = Lifetime.leaf
  ) throws {
    let authority = authority ?? self.authority
    let host = host ?? "log-\(ordinal).log-headless.default.svc"
    let request = try CertificateRequest(
      profile: profile, name: name ?? "log-\(ordinal)", names: [.init(dns: host)], lifetime: lifetime)
    let issued = try authority.issue(request, now: Date(seconds: lab.time))
    let trust = try TrustBundle((trusting.isEmpty ? [authority] : trusting).map(\.certificate))
    try put(&lab, "certs-\(ordinal)", issued, trust)
  }

  private func put(
    _ lab: inout CertificateLab, _ name: String, _ issued: IssuedCertificate, _ trust: TrustBundle
  ) throws {
    lab.secrets[name] = KubernetesObject([
      "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name), "namespace": "default"],
      "data": SecretContents.encoded([
        "tls.crt": try issued.certificateText(), "tls.key": try issued.privateKeyText(), "ca.crt": try trust.text(),
      ]),
    ])
  }

  private func settled() throws -> CertificateLab {
    var lab = lab
    for ordinal in lab.ordinals { try write(&lab, ordinal) }
    #expect(try lab.settle())
    lab.readAll()
    return lab
  }

  @Test("Secrets that are missing are waited for, each by its name; what is there is copied")
  func missing() throws {
    var lab = lab
    try write(&lab, 1)
    #expect(
      lab.transcript == [
        "copy certificates into Secret log-tls (CertificateMissing)", "wait for Secret certs-0 (SecretMissing)",
        "wait for Secret certs-2 (SecretMissing)",
      ])
    try lab.act()
    #expect(lab.serverLeaves.keys.sorted() == ["log-1.node.crt", "log-1.server.crt"])
    try write(&lab, 0)
    try write(&lab, 2)
    #expect(lab.transcript == ["copy certificates into Secret log-tls (SpecChanged)"])
    try lab.act()
    #expect(lab.transcript == [])
    lab.readAll()
    #expect(lab.pods.count == 3)
    #expect(lab.refusals == [])
    #expect(lab.secrets["log-ca"] == nil, "an own authority is not made")
  }

  @Test("a renewed certificate is copied at once")
  func renewal() throws {
    var lab = try settled()
    lab.time += CertificateLab.day
    let before = lab.serverLeaves
    try write(&lab, 1)
    #expect(lab.transcript == ["copy certificates into Secret log-tls (SpecChanged)"])
    try lab.act()
    #expect(
      lab.serverLeaves.filter { before[$0.key] != $0.value }.keys.sorted() == ["log-1.node.crt", "log-1.server.crt"])
    #expect(lab.transcript == [])
  }

  @Test(
    "a certificate that is no node's, or another's, is refused in words that say what it must be; the old one stays")
  func wrong() throws {
    let settled = try settled()
    let lifetimes: (Duration, Int64) = (.seconds(60), 61)
    let cases: [(String, (inout CertificateLab) throws -> Void)] = [
      (
        "it is a client certificate of 'log-1' and must be a node certificate: with the URI proglog:node among its",
        { try self.write(&$0, 1, profile: .client) }
      ),
      ("it is a server certificate of 'log-1'", { try self.write(&$0, 1, profile: .server) }),
      ("its common name is 'web' and must be the pod's, 'log-1'", { try self.write(&$0, 1, name: "web") }),
      (
        "its alternative names lack DNS:log-1.log-headless.default.svc",
        { try self.write(&$0, 1, host: "log-1.example.com") }
      ),
      (
        "it expired at",
        {
          try self.write(&$0, 1, lifetime: lifetimes.0)
          $0.time += lifetimes.1
        }
      ),
      ("tls.key is not the key", { $0.edit("certs-1", "tls.key", $0.text("certs-0", "tls.key")) }),
      ("tls.crt is missing", { $0.edit("certs-1", "tls.crt", nil) }),
      ("ca.crt: ", { $0.edit("certs-1", "ca.crt", "nobody") }),
      (
        "no authority in ca.crt has signed",
        {
          let other = try CertificateAuthority(creating: "other", now: Date(seconds: $0.time))
          try self.write(&$0, 1, trusting: [other])
        }
      ),
    ]
    for (message, spoil) in cases {
      var lab = settled
      try spoil(&lab)
      #expect(lab.transcript == ["refuse Secret certs-1 (CertificateInvalid)"], "\(message)")
      #expect(lab.plan.first?.because.contains(message) == true, "\(lab.plan)")
    }
    var lab = settled
    try write(&lab, 1, host: "*.log-headless.default.svc")
    #expect(lab.transcript == ["copy certificates into Secret log-tls (SpecChanged)"], "a wildcard will do")
  }

  @Test("another authority of theirs is trusted by all before anybody shows what it has signed, and dropped after")
  func changedAuthority() throws {
    var lab = try settled()
    let next = try CertificateAuthority(creating: "theirs, later", now: Date(seconds: lab.time))
    // cert-manager's ca.crt has the new authority alone.
    try write(&lab, 1, by: next)
    try lab.act()
    #expect(lab.authorityNames("log-tls").count == 2)
    lab.read("log-1")
    #expect(lab.refusals == [])
    for pod in ["log-0", "log-2"] {
      #expect(lab.transcript.contains("wait for Pod \(pod) (TrustSpreading)"))
      lab.read(pod)
    }
    #expect(lab.transcript == ["wait for Secret log-tls (TrustSpreading)"])
    lab.time += 600
    try lab.act()
    lab.read("log-1")
    #expect(lab.refusals == [])
    #expect(lab.transcript == [])
    for ordinal in [0, 2] { try write(&lab, ordinal, by: next) }
    try lab.act()
    for pod in ["log-0", "log-2"] {
      #expect(lab.authorityNames("log-tls").count == 2)
      #expect(lab.plan.contains { $0.object.name == pod })
      lab.read(pod)
      #expect(lab.refusals == [])
    }
    lab.time += 600
    try lab.settle()
    #expect(lab.authorityNames("log-tls") == ["\(next.certificate.subject)"])
    lab.readAll()
    #expect(lab.refusals == [])
    #expect(lab.transcript == [])
  }

  @Test("without a prefix nothing can be copied")
  func noPrefix() throws {
    var lab = try settled()
    lab.spec.tls.secretPrefix = nil
    #expect(lab.plan.filter(\.isRefused).map(\.reason) == [.invalidSpec])
    let executable = lab.plan.filter(\.isExecutable)
    #expect(executable == [])
  }

  @Test("the operator shows what is in its own Secret")
  func admin() throws {
    var lab = try settled()
    #expect(throws: CertificateIssuerError.self) { try lab.admin.credentials(lab.builder, lab.observation) }
    let issued = try authority.issue(
      CertificateRequest(profile: .admin, name: "op"), now: Date(seconds: lab.time))
    try put(&lab, "certs-admin", issued, TrustBundle([authority.certificate]))
    let credentials = try #require(try lab.admin.credentials(lab.builder, lab.observation))
    #expect(try PEM.certificates(in: credentials.certificate) == [issued.certificate])
    #expect(try lab.operatorRefusals() == [])
    lab.edit("certs-admin", "tls.key", "x")
    #expect(throws: CertificateIssuerError.self) { try lab.admin.credentials(lab.builder, lab.observation) }
  }
}
