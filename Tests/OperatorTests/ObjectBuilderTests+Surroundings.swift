import KubernetesClient
import Testing

@testable import Operator

extension ObjectBuilderTests {
  @Suite struct ServiceAccount {
    @Test("the pods' account gives them no token")
    func token() {
      let account = ObjectBuilderTests.builder().serviceAccount().object
      #expect(account.name == "log-server")
      #expect(account.content["automountServiceAccountToken"] == false)
    }
  }

  @Suite struct DisruptionBudget {
    @Test("as many servers may be evicted as the plan says", arguments: [0, 1, 2])
    func allowed(count: Int) {
      let budget = ObjectBuilderTests.builder(inputs: { $0.disruptionsAllowed = count }).disruptionBudget()?.object
      #expect(budget?.spec["maxUnavailable"] == .integer(Int64(count)))
      #expect(budget?.spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow")
      #expect(budget?.apiVersion == "policy/v1")
    }

    @Test("older clusters get what they know")
    func versions() {
      var beta = ResourceType.disruptionBudget
      beta.version = "v1beta1"
      let budget = ObjectBuilderTests.builder(inputs: {
        $0.capabilities.disruptionBudget = beta
        $0.capabilities.hasUnhealthyPodEviction = false
      }).disruptionBudget()?.object
      #expect(budget?.apiVersion == "policy/v1beta1")
      #expect(budget?.spec["unhealthyPodEvictionPolicy"] == nil)
    }

    @Test("there is none where none is wanted or known")
    func none() {
      #expect(ObjectBuilderTests.builder(inputs: { $0.disruptionsAllowed = nil }).disruptionBudget() == nil)
      #expect(
        ObjectBuilderTests.builder(inputs: { $0.capabilities.disruptionBudget = nil }).disruptionBudget() == nil)
      #expect(ObjectBuilderTests.builder({ $0.podDisruptionBudget.isEnabled = false }).disruptionBudget() == nil)
    }
  }

  @Suite struct NetworkPolicy {
    private static let own: JSONValue = ["podSelector": ["matchLabels": .object(Names.selector("log"))]]

    /// Who reaches each port, such as `8401/UDP`; an empty list: everybody.
    private func peers(_ builder: ObjectBuilder) throws -> [String: [JSONValue]] {
      let policy = try #require(builder.networkPolicy()?.object)
      #expect(policy.spec["policyTypes"] == ["Ingress"] && policy.spec["egress"] == nil)
      var peers: [String: [JSONValue]] = [:]
      for rule in policy.spec["ingress"]?.array ?? [] {
        for port in rule["ports"]?.array ?? [] {
          let key = "\(port["port"]?.integer ?? 0)/\(port["protocol"]?.string ?? "")"
          guard let from = rule["from"]?.array else {
            peers[key] = []
            continue
          }
          #expect(!from.isEmpty, "an empty list lets everybody in")
          if peers[key] != [] { peers[key, default: []] += from }
        }
      }
      return peers
    }

    @Test("gossip is for the servers alone, everything else for everybody unless clients are named")
    func open() throws {
      #expect(
        try peers(ObjectBuilderTests.builder()) == [
          "8400/TCP": [], "8080/TCP": [], "8402/TCP": [], "8401/TCP": [Self.own], "8401/UDP": [Self.own],
        ])
    }

    @Test("clients that are named, the servers and the operator reach the clients' ports, and nobody else")
    func clients() throws {
      let client: JSONValue = ["ipBlock": ["cidr": "10.0.0.0/8"]]
      let builder = ObjectBuilderTests.builder({ $0.networkPolicy.clients = [client] })
      let anyOperator: JSONValue = [
        "namespaceSelector": [:], "podSelector": ["matchLabels": [Names.nameLabel: "proglog-operator"]],
      ]
      let peers = try peers(builder)
      for port in ["8400/TCP", "8080/TCP"] { #expect(peers[port] == [Self.own, client, anyOperator]) }
      #expect(peers["8401/UDP"] == [Self.own] && peers["8402/TCP"] == [])
    }

    @Test("an empty list of clients is nobody")
    func nobody() throws {
      let peers = try peers(ObjectBuilderTests.builder({ $0.networkPolicy.clients = [] }))
      #expect(peers["8400/TCP"]?.count == 2)
      #expect(peers["8400/TCP"]?.contains(Self.own) == true)
    }

    @Test("the operator is known by its namespace where that is known")
    func operatorNamespace() throws {
      let plain = ObjectBuilderTests.builder({ $0.networkPolicy.clients = [] })
      var builder = ObjectBuilder(
        identity: plain.identity, spec: plain.spec,
        defaults: OperatorDefaults(image: "x", operatorNamespace: "operators"))
      builder.ordinals = plain.ordinals
      #expect(
        try peers(builder)["8400/TCP"]?.last?[path: "namespaceSelector", "matchLabels"]
          == ["kubernetes.io/metadata.name": "operators"])
    }

    @Test("there is none where none is wanted")
    func disabled() {
      #expect(ObjectBuilderTests.builder({ $0.networkPolicy.isEnabled = false }).networkPolicy() == nil)
    }
  }

  @Suite struct PodMonitor {
    @Test("Prometheus is told of the servers where it is asked for and known")
    func monitor() {
      let monitor = ObjectBuilderTests.builder({ spec in
        spec.monitoring = .init(podMonitor: true, podMonitorLabels: ["release": "prometheus"])
      }).podMonitor()?.object
      #expect(monitor?.apiVersion == "monitoring.coreos.com/v1")
      #expect(monitor?.labels["release"] == "prometheus")
      #expect(monitor?.spec["podMetricsEndpoints"] == [["port": "ops", "path": "/metrics"]])
      #expect(ObjectBuilderTests.builder().podMonitor() == nil)
      #expect(
        ObjectBuilderTests.builder(
          { $0.monitoring.podMonitor = true }, inputs: { $0.capabilities.hasPodMonitors = false }
        ).podMonitor() == nil)
    }
  }
}
