import KubernetesClient
import Testing

@testable import Operator

@Suite struct DifferenceTests {
  @Test(
    "what the server or others add is no difference",
    arguments: [
      (["a": 1], ["a": 1, "b": 2]),
      (["list": [["name": "x", "port": 1]]], ["list": [["name": "y"], ["name": "x", "port": 1, "nodePort": 9]]]),
      (["limits": ["cpu": "0.5", "memory": "1024Mi"]], ["limits": ["cpu": "500m", "memory": "1Gi"]]),
      (["empty": [:], "none": []], [:]),
      (["owners": [["uid": "1"]]], ["owners": [["uid": "2"], ["uid": "1", "kind": "X"]]]),
      (["volumes": []], ["volumes": [["name": "x"]]]),
      (["gone": nil], [:]),
      (["ingress": [["from": [["podSelector": [:]]]]]], ["ingress": [["from": [["podSelector": [:]]]]]]),
      (["data": ["ca.crt": "YQ=="]], ["data": ["ca.crt": "YQ==", "other": "Yg=="]]),
    ] as [(JSONValue, JSONValue)])
  func same(desired: JSONValue, observed: JSONValue) {
    #expect(Difference(desired: desired, observed: observed) == nil)
  }

  @Test(
    "a field of ours that is otherwise is named",
    arguments: [
      (["a": ["b": 1]], ["a": ["b": 2]], "a.b"),
      (["list": [["name": "x", "port": 1]]], ["list": [["name": "x", "port": 2]]], "list[x].port"),
      (["args": ["a", "b"]], ["args": ["a"]], "args"),
      (["args": ["a", "b"]], ["args": ["b", "a"]], "args[0]"),
      (["limits": ["cpu": "0.5"]], ["limits": ["cpu": "600m"]], "limits.cpu"),
      (["size": "1Gi"], ["size": "1024Mi"], "size"),
      (["a": ["b": 1]], [:], "a"),
      (["peers": []], ["peers": [["podSelector": [:]]]], "peers"),
      (["ingress": []], ["ingress": [["ports": []]]], "ingress"),
      (
        ["ingress": [["ports": [["port": 1]]]]], ["ingress": [["ports": [["port": 1, "endPort": 9]]]]],
        "ingress[0].ports[0].endPort"
      ),
      (
        ["ingress": [["from": [["podSelector": [:]]]]]],
        ["ingress": [["from": [["podSelector": [:], "namespaceSelector": [:]]]]]],
        "ingress[0].from[0].namespaceSelector"
      ),
      (
        ["ingress": [["ports": [["port": 1]]]]], ["ingress": [["from": [], "ports": [["port": 1]]]]], "ingress[0].from"
      ),
      (
        ["ports": [["name": "rpc", "nodePort": 1]]], ["ports": [["name": "rpc", "nodePort": 2]]], "ports[rpc].nodePort"
      ),
      (["data": ["tls.key": "YQ=="]], ["data": ["tls.key": "Yg=="]], "data.tls.key"),
    ] as [(JSONValue, JSONValue, String)])
  func different(desired: JSONValue, observed: JSONValue, path: String) {
    #expect(Difference(desired: desired, observed: observed)?.path == path)
  }

  @Test("fingerprints tell values apart that look alike")
  func fingerprints() {
    let values: [JSONValue] = [
      nil, false, 0, 0.0, "", "0", [], [:], [[]], [nil], ["a": nil], ["a", "b"], ["ab"], ["b", "a"],
    ]
    #expect(Set(values.map { Fingerprint($0).text }).count == values.count)
    let one: JSONValue = ["a": 1, "b": 2]
    let same: JSONValue = ["b": 2, "a": 1]
    #expect(Fingerprint(one) == Fingerprint(same))
  }
}
