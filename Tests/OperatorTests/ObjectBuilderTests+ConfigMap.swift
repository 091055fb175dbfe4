import KubernetesClient
import Testing
import Yams

@testable import Operator

extension ObjectBuilderTests {
  @Suite struct ConfigMap {
    private func settings(_ builder: ObjectBuilder) throws -> [String: String] {
      let mapping = try #require(try Yams.compose(yaml: builder.configurationText())?.mapping)
      let pairs = mapping.map { ($0.key.scalar?.string ?? "", $0.value.scalar?.string ?? "") }
      return Dictionary(pairs) { "\($0), and \($1)" }
    }

    @Test("logd.yaml has logd's flags as keys")
    func configuration() {
      let builder = ObjectBuilderTests.builder({ spec in
        spec.logLevel = .debug
        spec.log = .init(
          maxStoreBytes: 8_388_608, maxIndexBytes: 8192, maxRecordBytes: 1, maxBatchBytes: 2, retentionBytes: 3,
          retentionAge: "168h")
      })
      #expect(
        builder.configurationText() == """
          # Written by proglog-operator from ProgLog log; changes here are undone.
          data-dir: /var/lib/proglog/data
          bind-addr: 0.0.0.0:8401
          rpc-port: 8400
          http-port: 8080
          ops-port: 8402
          start-join-addrs: log-headless.default.svc:8401
          membership: managed
          client-addresses-file: /etc/proglog/addresses.yaml
          acl-model-file: /etc/proglog/acl-model.conf
          acl-policy-file: /etc/proglog/acl-policy.csv
          log-level: debug
          log-format: json
          max-store-bytes: 8388608
          max-index-bytes: 8192
          max-record-bytes: 1
          max-batch-bytes: 2
          retention-bytes: 3
          retention-age: "168h"

          """)
    }

    @Test(
      "only servers without TLS take plaintext from the network, and rules only those with",
      arguments: [
        (.disabled, true), (.managed, false), (.secrets, false),
      ] as [(ProgLogSpec.TLS.Mode, Bool)])
    func modes(mode: ProgLogSpec.TLS.Mode, isOpen: Bool) throws {
      let builder = ObjectBuilderTests.builder(inputs: { $0.tlsMode = mode })
      let settings = try settings(builder)
      #expect(settings["allow-plaintext-on-network"] == (isOpen ? "true" : nil))
      #expect((settings["acl-policy-file"] == nil) == isOpen)
      let files = try #require(builder.configMap().object.content["data"]?.object)
      let rules: Set = ["acl-model.conf", "acl-policy.csv"]
      #expect(Set(files.keys) == Set(["logd.yaml", "addresses.yaml"]).union(isOpen ? [] : rules))
    }

    @Test("no server begins a cluster by itself")
    func bootstrap() throws {
      let settings = try settings(ObjectBuilderTests.builder())
      #expect(settings["bootstrap"] == nil)
      #expect(settings["membership"] == "managed")
    }

    @Test(
      "no text of the spec is a further setting",
      arguments: [
        "1h\nallow-plaintext-on-network: true", "1h\u{85}x: y", "\" \nbootstrap: true", "\\", "", "\u{2028}a",
      ])
    func injection(age: String) throws {
      let plain = try settings(ObjectBuilderTests.builder())
      var hostile = try settings(ObjectBuilderTests.builder({ $0.log.retentionAge = age }))
      #expect(hostile.removeValue(forKey: "retention-age") == age)
      #expect(hostile == plain)
    }

    @Test("what is said about the settings restarts nothing")
    func fingerprint() {
      let builder = ObjectBuilderTests.builder()
      let bare = builder.configurationText().split(separator: "\n").filter { !$0.hasPrefix("#") }
      #expect(builder.configurationFingerprint == Fingerprint(bare.joined(separator: "\n") + "\n").text)
    }
  }

  @Suite struct Addresses {
    private static let known = [
      "log-0": ClientAddress(host: "203.0.113.9", rpcPort: 8400, httpPort: 8080),
      "log-1": ClientAddress(host: "2001:db8::1", rpcPort: 30_001, httpPort: 30_002),
      "log-10": ClientAddress(host: "surplus", rpcPort: 1, httpPort: 2),
    ]

    private func file(_ builder: ObjectBuilder) throws -> [String: Any] {
      try #require(try Yams.load(yaml: builder.addressesText()) as? [String: Any])
    }

    @Test("addresses.yaml has the names inside and the addresses outside")
    func text() {
      let builder = ObjectBuilderTests.builder({ $0.replicas = 1 }, inputs: { $0.addresses = Self.known })
      #expect(
        builder.addressesText() == """
          # Written by proglog-operator from ProgLog log; changes here are undone.
          internal:
            - "log"
            - "log.default"
            - "log.default.svc"
            - "log.default.svc.cluster.local"
            - "log-headless"
            - "log-headless.default"
            - "log-headless.default.svc"
            - "log-headless.default.svc.cluster.local"
            - ".log-headless"
            - ".log-headless.default"
            - ".log-headless.default.svc"
            - ".log-headless.default.svc.cluster.local"
            - "log-0"
            - "log-0.default"
            - "log-0.default.svc"
            - "log-0.default.svc.cluster.local"
          members:
            log-0: "203.0.113.9:8400"

          """)
    }

    @Test("every pod that is there has its address where one is known, IPv6 in brackets")
    func members() throws {
      let builder = ObjectBuilderTests.builder(inputs: { $0.addresses = Self.known })
      #expect(
        try file(builder)["members"] as? [String: String]
          == ["log-0": "203.0.113.9:8400", "log-1": "[2001:db8::1]:30001"])
      #expect(try file(ObjectBuilderTests.builder())["members"] as? [String: String] == [:])
    }

    @Test(
      "a host that is none is left out: logd would refuse the whole file",
      arguments: ["a\"\nmembers: {}", "x: y", "#", "\u{2029}", "two words", ""])
    func unusable(host: String) throws {
      let builder = ObjectBuilderTests.builder(inputs: {
        $0.addresses = ["log-0": ClientAddress(host: host, rpcPort: 1, httpPort: 2)]
      })
      #expect(try file(builder)["members"] as? [String: String] == [:])
    }
  }

  @Test(
    "a quoted text reads back, and ends no line",
    arguments: [
      "", "a", "\"", "\\", "\\\"", "a\nb", "\r", "\u{0}", "\u{85}", "\u{2028}", "é", "\u{1F600}", ": #",
    ])
  func quoting(text: String) throws {
    let quoted = text.quotedForYAML
    let isOneLine = !quoted.contains(where: \.isNewline)
    #expect(isOneLine)
    #expect(try Yams.compose(yaml: quoted)?.scalar?.string == text)
  }
}
