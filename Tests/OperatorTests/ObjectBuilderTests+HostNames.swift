import KubernetesClient
import Testing

@testable import Operator

extension ObjectBuilderTests {
  @Suite struct HostNames {
    private static let address = ["log-1": ClientAddress(host: "203.0.113.9", rpcPort: 8400, httpPort: 8080)]

    @Test("a server's certificate has every name that leads to it, sorted")
    func server() {
      let builder = ObjectBuilderTests.builder(
        { $0.tls.extraNames = ["log.example.com"] },
        inputs: {
          $0.addresses = Self.address
          $0.serviceHosts = ["lb.example.com"]
        })
      #expect(
        builder.certificateNames(1) == [
          "127.0.0.1", "203.0.113.9", "::1", "lb.example.com", "localhost", "log", "log-1", "log-1.default",
          "log-1.default.svc", "log-1.default.svc.cluster.local", "log-1.log-headless", "log-1.log-headless.default",
          "log-1.log-headless.default.svc", "log-1.log-headless.default.svc.cluster.local", "log-headless",
          "log-headless.default", "log-headless.default.svc", "log-headless.default.svc.cluster.local", "log.default",
          "log.default.svc", "log.default.svc.cluster.local", "log.example.com",
        ])
      // Not those of another pod.
      #expect(!builder.certificateNames(0).contains { $0.hasPrefix("log-1") || $0 == "203.0.113.9" })
    }

    @Test("a load balancer's own address stays in the certificate when another host is advertised")
    func advertised() {
      let names = ObjectBuilderTests.builder(inputs: {
        $0.addresses = ["log-1": ClientAddress(host: "one.example.com", rpcPort: 8400, httpPort: 8080)]
        $0.podServiceHosts = ["log-0": ["203.0.113.8"], "log-1": ["203.0.113.9"]]
      }).certificateNames(1)
      #expect(names.contains("one.example.com") && names.contains("203.0.113.9") && !names.contains("203.0.113.8"))
    }

    @Test("a node's certificate has the one name by which nodes know it")
    func node() {
      #expect(
        ObjectBuilderTests.builder(inputs: { $0.addresses = Self.address }).nodeCertificateNames(1)
          == ["localhost", "log-1.log-headless.default.svc"])
    }

    @Test("no client is told a name inside that no certificate has")
    func coherence() {
      let builder = ObjectBuilderTests.builder(inputs: { $0.ordinals = 0..<12 })
      let certificates = (0..<12).map(builder.certificateNames)
      for name in builder.internalNames {
        let isCovered =
          name.hasPrefix(".")
          ? certificates.allSatisfy { $0.contains { $0.hasSuffix(name) } }
          : certificates.contains { $0.contains(name) }
        #expect(isCovered, "\(name)")
      }
      #expect(Set(builder.internalNames).count == builder.internalNames.count)
      for ordinal in 0..<12 {
        #expect(builder.certificateNames(ordinal).contains(Names.memberHost("log", ordinal, in: "default")))
      }
    }

    @Test(
      "names are as a certificate holds them, each once",
      arguments: [
        ("LOG.Example.com", "log.example.com"), ("log.example.com.", "log.example.com"),
        ("2001:DB8:0::1", "2001:db8::1"), ("*.example.com", "*.example.com"), ("localhost", "localhost"),
      ])
    func canonical(given: String, held: String) {
      let plain = Set(ObjectBuilderTests.builder().certificateNames(0))
      let names = ObjectBuilderTests.builder({ $0.tls.extraNames = [given, given] }).certificateNames(0)
      #expect(Set(names) == plain.union([held]))
      #expect(names.count == Set(names).count)
    }

    @Test(
      "what no certificate can hold is kept as it is, for the plan to tell of it",
      arguments: ["", ".", "two words", "-x", "*", "a..b", "a\u{0}", "ünicode", String(repeating: "a", count: 64)])
    func unusable(name: String) {
      let builder = ObjectBuilderTests.builder({ $0.tls.extraNames = [name] })
      let plain = Set(ObjectBuilderTests.builder().certificateNames(0))
      #expect(Set(builder.certificateNames(0)).subtracting(plain) == [name])
      #expect(ObjectBuilder.canonical(name) == nil)
    }
  }
}
