import KubernetesClient
import Testing

@testable import Operator

extension ObjectBuilderTests {
  /// A pod is restarted when its template changes, and then only.
  @Suite struct Restarts {
    @Test("there is a change for every field of the spec")
    func complete() {
      #expect(SpecChange.all.map(\.field).sorted() == SpecChange.fields().sorted())
      for change in SpecChange.all {
        var spec = ProgLogSpec()
        change.apply(&spec)
        #expect(spec != ProgLogSpec(), "\(change.field)")
      }
    }

    @Test("a field restarts pods if it is a pod's own or logd reads it when it starts", arguments: SpecChange.all)
    func fields(change: SpecChange) {
      let template = ObjectBuilderTests.builder(change.apply).podTemplate()
      #expect((template != ObjectBuilderTests.builder().podTemplate()) == change.restarts)
    }

    struct Input: Sendable, CustomTestStringConvertible {
      var testDescription: String
      var restarts: Bool
      var change: @Sendable (inout ObjectBuilder) -> Void
    }

    static let allInputs: [Input] = [
      Input(testDescription: "a person asks for it", restarts: true) { $0.restartToken = "now" },
      Input(testDescription: "TLS is turned off", restarts: true) { $0.tlsMode = .disabled },
      Input(testDescription: "certificates come from others", restarts: false) { $0.tlsMode = .secrets },
      Input(testDescription: "an address", restarts: false) {
        $0.addresses = ["log-0": ClientAddress(host: "203.0.113.9", rpcPort: 8400, httpPort: 8080)]
      },
      Input(testDescription: "a load balancer's host", restarts: false) {
        $0.podServiceHosts = ["log-0": ["203.0.113.9"]]
      },
      Input(testDescription: "the client Service's host", restarts: false) { $0.serviceHosts = ["203.0.113.9"] },
      Input(testDescription: "another pod", restarts: false) { $0.ordinals = 0..<9 },
      Input(testDescription: "another budget", restarts: false) { $0.disruptionsAllowed = nil },
      Input(testDescription: "an upgraded cluster", restarts: false) {
        $0.capabilities = Capabilities(
          disruptionBudget: nil, hasUnhealthyPodEviction: false, hasPodMonitors: false)
      },
      Input(testDescription: "copied rules", restarts: false) {
        $0.accessFiles = AccessFiles(model: "m", policy: "p")
      },
    ]

    @Test("what else a builder is given", arguments: allInputs)
    func given(input: Input) {
      let template = ObjectBuilderTests.builder(inputs: input.change).podTemplate()
      #expect((template != ObjectBuilderTests.builder().podTemplate()) == input.restarts)
    }

    @Test("a change of what logd reads again still reaches it")
    func reloaded() {
      let plain = ObjectBuilderTests.builder().configMap()
      for field in ["users", "acl.rules"] {
        let change = SpecChange.all.first { $0.field == field }
        let changed = ObjectBuilderTests.builder({ change?.apply(&$0) }).configMap()
        #expect(changed.object.annotations != plain.object.annotations, "\(field)")
      }
      let addresses = ObjectBuilderTests.builder(inputs: {
        $0.addresses = ["log-0": ClientAddress(host: "h", rpcPort: 1, httpPort: 2)]
      })
      #expect(addresses.configMap().object.annotations != plain.object.annotations)
    }
  }
}
