import KubernetesClient
import Testing

@testable import Operator

extension ObjectBuilderTests {
  @Suite struct Services {
    private static let settings = ProgLogSpec.ServiceSettings(
      type: .loadBalancer, annotations: ["a": "common", "b": "common"], labels: ["team": "x"],
      loadBalancerSourceRanges: ["10.0.0.0/8"], loadBalancerClass: "example.com/lb")
    private static let override = ProgLogSpec.Access.Override(
      annotations: ["a": "own", "c": "own"], loadBalancerIP: "203.0.113.9", rpcNodePort: 30_001,
      httpNodePort: 30_002, advertisedHost: "log-1.example.com")

    private func service(_ ordinal: Int, type: ProgLogSpec.AccessType) -> KubernetesObject {
      ObjectBuilderTests.builder({ spec in
        spec.access = .init(common: Self.settings, overrides: ["log-1": Self.override])
        spec.access.common.type = type
      }).podService(ordinal).object
    }

    private func nodePorts(_ service: KubernetesObject) -> [Int64?] {
      (service.spec["ports"]?.array ?? []).map { $0["nodePort"]?.integer }
    }

    @Test("the Service of a pod selects that pod alone")
    func selector() {
      let selector = service(1, type: .clusterIP).spec["selector"]
      #expect(selector?[Names.podNameLabel] == "log-1")
      #expect(selector?.object?.count == 3)
    }

    @Test("a load balancer has what is common, and what is its own wins")
    func loadBalancer() {
      let (common, own) = (service(0, type: .loadBalancer), service(1, type: .loadBalancer))
      for service in [common, own] {
        #expect(service.spec["type"] == "LoadBalancer")
        #expect(service.spec["loadBalancerSourceRanges"] == ["10.0.0.0/8"])
        #expect(service.spec["loadBalancerClass"] == "example.com/lb")
        #expect(service.labels["team"] == "x")
        #expect(service.labels[Names.componentLabel] == "access")
      }
      #expect(common.annotations["a"] == "common" && common.annotations["c"] == nil)
      #expect(own.annotations["a"] == "own" && own.annotations["b"] == "common" && own.annotations["c"] == "own")
      #expect(common.spec["loadBalancerIP"] == nil && own.spec["loadBalancerIP"] == "203.0.113.9")
      #expect(nodePorts(common) == [nil, nil] && nodePorts(own) == [30_001, 30_002])
    }

    @Test("only what a type has is set: the API server refuses the rest")
    func types() {
      let (nodePort, clusterIP) = (service(1, type: .nodePort), service(1, type: .clusterIP))
      for service in [nodePort, clusterIP] {
        for field in ["loadBalancerSourceRanges", "loadBalancerClass", "loadBalancerIP"] {
          #expect(service.spec[field] == nil)
        }
      }
      #expect(nodePorts(nodePort) == [30_001, 30_002])
      #expect(nodePorts(clusterIP) == [nil, nil])
    }

    @Test("only the headless Service leads to pods that are not ready")
    func notReady() {
      let services = ObjectBuilderTests.builder().supportingObjects().filter { $0.type == .service }.map(\.object)
      #expect(services.filter { $0.spec["publishNotReadyAddresses"] != nil }.map(\.name) == ["log-headless"])
      #expect(services.allSatisfy { $0.spec["externalTrafficPolicy"] == nil })
    }

    @Test("the headless Service has the ports that servers use among themselves")
    func headless() {
      let service = ObjectBuilderTests.builder().headlessService().object
      #expect(service.spec["clusterIP"] == "None")
      #expect(service.spec["publishNotReadyAddresses"] == true)
      let ports = (service.spec["ports"]?.array ?? []).map {
        "\($0["name"]?.string ?? "") \($0["port"]?.integer ?? 0)/\($0["protocol"]?.string ?? "")"
      }
      #expect(ports == ["rpc 8400/TCP", "gossip-tcp 8401/TCP", "gossip-udp 8401/UDP", "http 8080/TCP"])
    }

    @Test("the client Service has its own settings")
    func client() {
      let service = ObjectBuilderTests.builder({ $0.service = Self.settings }).clientService().object
      #expect(service.spec["type"] == "LoadBalancer")
      #expect(service.spec["loadBalancerSourceRanges"] == ["10.0.0.0/8"])
      #expect(service.annotations["a"] == "common" && service.labels["team"] == "x")
      #expect(
        service.spec["ports"]?.array?.map { $0["appProtocol"] } == ["grpc", "http"])
      #expect(ObjectBuilderTests.builder().clientService().object.spec["type"] == "ClusterIP")
    }
  }
}
