import KubernetesClient
import Testing

@testable import Operator

@Suite struct ProgLogSpecTests {
  static func resource(_ spec: JSONValue?, name: String = "log") -> KubernetesObject {
    var content: JSONValue = ["metadata": ["name": .string(name), "namespace": "default", "uid": "u"]]
    content["spec"] = spec
    return KubernetesObject(content)
  }

  @Test("an empty spec is a working log", arguments: [[:], nil, .null] as [JSONValue?])
  func defaults(spec: JSONValue?) throws {
    let spec = try ProgLogSpec(of: Self.resource(spec))
    #expect(spec == ProgLogSpec())
    #expect(spec.replicas == 1 && spec.access.common.type == .loadBalancer && spec.service.type == .clusterIP)
    #expect(spec.storage.whenDeleted == .retain && spec.storage.whenScaled == .delete)
  }

  @Test(
    "a wrong spec names its field",
    arguments: [
      (["replicas": 3], "spec.replicas must be 1, since this version of logd does not replicate, but is 3"),
      (["replicas": "one"], "spec.replicas must be 1, since this version of logd does not replicate, but is \"one\""),
      (["image": "two words"], "spec.image must be an image's name without spaces, but is \"two words\""),
      (["imagePullPolicy": "always"], "spec.imagePullPolicy must be one of Always, IfNotPresent, Never"),
      (["logLevel": "loud"], "spec.logLevel must be one of trace, debug, info"),
      (["log": ["maxStoreBytes": 1]], "spec.log.maxStoreBytes must be 2097152 to 4294967295, but is 1"),
      (["log": "big"], "spec.log must be an object"),
      (["storage": ["size": "-1Gi"]], "spec.storage.size must be a quantity of bytes"),
      (["storage": ["size": "0"]], "spec.storage.size must be a quantity of bytes"),
      (["storage": ["size": "100m"]], "spec.storage.size must be a quantity of bytes"),
      (["storage": ["storageClassName": "Fast!"]], "spec.storage.storageClassName must be the name of"),
      (["storage": ["retention": ["whenDeleted": "keep"]]], "spec.storage.retention.whenDeleted must be one of"),
      (["access": ["type": "Ingress"]], "spec.access.common.type must be one of LoadBalancer, NodePort, ClusterIP"),
      (["access": ["annotations": ["a": 1]]], "spec.access.annotations.a must be a string"),
      (["service": ["type": true]], "spec.service.type must be one of"),
      (["resources": ["limits": ["cpu": "lots"]]], "spec.resources.limits.cpu must be a quantity"),
      (
        ["resources": ["requests": ["cpu": 2], "limits": ["cpu": "1500m"]]],
        "spec.resources.requests.cpu must not be above spec.resources.limits.cpu"
      ),
      (["podLabels": ["app.kubernetes.io/name": "x"]], "spec.podLabels.app.kubernetes.io/name is the operator's own"),
      (["podAnnotations": ["proglog.io/configuration": "x"]], "is the operator's own and cannot be set"),
    ] as [(JSONValue, String)])
  func wrong(spec: JSONValue, message: String) {
    let error = #expect(throws: InvalidSpec.self) { try ProgLogSpec(of: Self.resource(spec)) }
    #expect(error?.description.contains(message) == true, "\(String(describing: error))")
  }

  @Test(
    "names that Kubernetes could not make labels and Services of are refused",
    arguments: ["a.b", "1log", "log-", "Log", "", String(repeating: "a", count: 53)])
  func names(name: String) {
    let error = #expect(throws: InvalidSpec.self) { try ProgLogSpec(of: Self.resource([:], name: name)) }
    #expect(error?.field == "metadata.name")
  }

  @Test(
    "one amount in two spellings is equal",
    arguments: [("0.5", "500m"), ("1Gi", "1024Mi"), ("1", "1000m"), ("1.5Gi", "1536Mi"), ("2k", "2000")])
  func quantities(one: String, other: String) throws {
    #expect(try #require(Quantity(one)) == #require(Quantity(other)))
  }

  @Test(
    "what is no quantity is none",
    // The last three fit 64 bits without a sign only.
    arguments: [
      "", "m", "1.", ".5", "1e3x", "-1", "1gi", "99999999999999Pi", "0.0001", "10Pi", "10000000000000000", "15000T",
    ])
  func notQuantities(text: String) { #expect(Quantity(text) == nil) }
}
