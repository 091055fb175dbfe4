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
    #expect(
      spec.replicas == 3 && spec.tls.mode == .managed && spec.access.common.type == .loadBalancer
        && spec.service.type == .clusterIP)
    #expect(spec.storage.whenDeleted == .retain && spec.storage.whenScaled == .delete)
  }

  @Test(
    "a wrong spec names its field",
    arguments: [
      (["replicas": 4], "spec.replicas must be 1, 3, 5, 7 or 9, but is 4"),
      (["replicas": 11], "spec.replicas must be 1, 3, 5, 7 or 9, but is 11"),
      (["replicas": "one"], "spec.replicas must be 1, 3, 5, 7 or 9, but is \"one\""),
      (["hibernated": "yes"], "spec.hibernated must be true or false, but is \"yes\""),
      (["image": "two words"], "spec.image must be an image's name without spaces, but is \"two words\""),
      (["imagePullSecrets": ["registry"]], "spec.imagePullSecrets[0] must be an object"),
      (["imagePullSecrets": [[:]]], "spec.imagePullSecrets[0].name is missing"),
      (["imagePullPolicy": "always"], "spec.imagePullPolicy must be one of Always, IfNotPresent, Never"),
      (["logLevel": "loud"], "spec.logLevel must be one of trace, debug, info"),
      (["log": ["maxStoreBytes": 1]], "spec.log.maxStoreBytes must be 2097152 to 4294967295, but is 1"),
      (["log": "big"], "spec.log must be an object"),
      (["log": ["maxRecordBytes": 67_108_864]], "spec.log.maxRecordBytes must be at least 1024 below maxStoreBytes"),
      (["log": ["maxBatchBytes": 67_108_865]], "spec.log.maxBatchBytes must be 1 to 67108864"),
      (["log": ["retentionBytes": -1]], "spec.log.retentionBytes must be 0 to"),
      (
        ["log": ["retentionAge": "1h30m"]], "spec.log.retentionAge must be a number up to 1000000 with ms, s, m, h or d"
      ),
      (["storage": ["size": "-1Gi"]], "spec.storage.size must be a quantity of bytes"),
      (["storage": ["size": "0"]], "spec.storage.size must be a quantity of bytes"),
      (["storage": ["size": "100m"]], "spec.storage.size must be a quantity of bytes"),
      (["storage": ["storageClassName": "Fast!"]], "spec.storage.storageClassName must be the name of"),
      (["storage": ["retention": ["whenDeleted": "keep"]]], "spec.storage.retention.whenDeleted must be one of"),
      (["access": ["type": "Ingress"]], "spec.access.type must be one of LoadBalancer, NodePort, ClusterIP"),
      (["access": ["annotations": ["a": 1]]], "spec.access.annotations.a must be a string"),
      (["service": ["type": true]], "spec.service.type must be one of"),
      (["resources": ["limits": ["cpu": "lots"]]], "spec.resources.limits.cpu must be a quantity"),
      (
        ["resources": ["requests": ["cpu": 2], "limits": ["cpu": "1500m"]]],
        "spec.resources.requests.cpu must not be above spec.resources.limits.cpu"
      ),
      (["podLabels": ["app.kubernetes.io/name": "x"]], "spec.podLabels.app.kubernetes.io/name is the operator's own"),
      (["podLabels": ["a": "b c"]], "spec.podLabels.a must be made of letters, digits, -, _ and ."),
      (["podLabels": ["a b": "c"]], "spec.podLabels.a b has no key that Kubernetes takes"),
      (["podLabels": ["a"]], "spec.podLabels must be an object, but is a list"),
      (["nodeSelector": ["zone": "a,b"]], "spec.nodeSelector.zone must be made of letters"),
      (["affinity": "near"], "spec.affinity must be an object"),
      (["tolerations": ["operator": "Exists"]], "spec.tolerations must be a list, but is an object"),
      (["tolerations": ["Exists"]], "spec.tolerations[0] must be an object"),
      (["topologySpreadConstraints": "zone"], "spec.topologySpreadConstraints must be a list, but is \"zone\""),
      (["priorityClassName": "High"], "spec.priorityClassName must be the name of a priority class, but is \"High\""),
      (["terminationGracePeriodSeconds": 5], "spec.terminationGracePeriodSeconds must be 15 to 3600, but is 5"),
      (["networkPolicy": ["clients": [:]]], "spec.networkPolicy.clients must be a list"),
      (["networkPolicy": ["enabled": 1]], "spec.networkPolicy.enabled must be true or false"),
      (["podDisruptionBudget": ["enabled": "no"]], "spec.podDisruptionBudget.enabled must be true or false"),
      (["monitoring": ["podMonitor": "yes"]], "spec.monitoring.podMonitor must be true or false"),
      (["podAnnotations": ["proglog.io/configuration": "x"]], "is the operator's own and cannot be set"),
    ] as [(JSONValue, String)])
  func wrong(spec: JSONValue, message: String) {
    let error = #expect(throws: InvalidSpec.self) { try ProgLogSpec(of: Self.resource(spec)) }
    #expect(error?.description.contains(message) == true, "\(String(describing: error))")
  }

  @Test(
    "a wrong way to the servers names its field",
    arguments: [
      (["access": ["labels": ["proglog.io/a": "b"]]], "spec.access.labels.proglog.io/a is the operator's own"),
      (
        ["access": ["loadBalancerSourceRanges": ["10.0.0.0/33"]]],
        "spec.access.loadBalancerSourceRanges[0] must be a range"
      ),
      (
        ["access": ["loadBalancerSourceRanges": ["10.0.0.1"]]],
        "spec.access.loadBalancerSourceRanges[0] must be a range"
      ),
      (
        ["service": ["loadBalancerSourceRanges": ["::/+1"]]], "spec.service.loadBalancerSourceRanges[0] must be a range"
      ),
      (["service": ["loadBalancerClass": "a b"]], "spec.service.loadBalancerClass must be the name of a class"),
      (["access": ["overrides": [[:]]]], "spec.access.overrides[0].pod is missing"),
      (
        ["access": ["overrides": [["pod": "other-0"]]]],
        "overrides[0].pod must be the name of a pod of this log, log-0 to log-8"
      ),
      (["access": ["overrides": [["pod": "log-9"]]]], "spec.access.overrides[0].pod must be the name of a pod"),
      (["access": ["overrides": [["pod": "log--1"]]]], "spec.access.overrides[0].pod must be the name of a pod"),
      (
        ["access": ["overrides": [["pod": "log-0"], ["pod": "log-0"]]]], "overrides[1].pod is log-0, which has an entry"
      ),
      (
        ["access": ["overrides": [["pod": "log-0", "rpcNodePort": 80]]]],
        "spec.access.overrides[0].rpcNodePort must be 30000 to 32767, but is 80"
      ),
      (
        [
          "access": [
            "overrides": [["pod": "log-0", "rpcNodePort": 30_000], ["pod": "log-1", "httpNodePort": 30_000]]
          ]
        ],
        "spec.access.overrides[1].httpNodePort is 30000, which is given twice"
      ),
      (
        ["access": ["overrides": [["pod": "log-0", "loadBalancerIP": "host"]]]],
        "spec.access.overrides[0].loadBalancerIP must be an IPv4 or IPv6 address, but is \"host\""
      ),
      (
        ["access": ["overrides": [["pod": "log-0", "advertisedHost": "*.example.com"]]]],
        "spec.access.overrides[0].advertisedHost must be a host's name or its IP address"
      ),
    ] as [(JSONValue, String)])
  func wrongAccess(spec: JSONValue, message: String) { wrong(spec: spec, message: message) }

  @Test(
    "wrong security names its field",
    arguments: [
      (["tls": ["mode": "managed"]], "spec.tls.mode must be one of Managed, Secrets, Disabled, but is \"managed\""),
      (["tls": ["leafLifetime": "59m"]], "spec.tls.leafLifetime must be 1h to 87600h, such as 2160h, but is \"59m\""),
      (["tls": ["leafLifetime": 3600]], "spec.tls.leafLifetime must be 1h to 87600h, such as 2160h, but is 3600"),
      (
        ["tls": ["trustGracePeriod": "25h"]], "spec.tls.trustGracePeriod must be 0s to 24h, such as 10m, but is \"25h\""
      ),
      (["tls": ["mode": "Secrets"]], "spec.tls.secretPrefix is missing, which spec.tls.mode Secrets needs"),
      (["tls": ["mode": "Secrets", "secretPrefix": "a"]], "spec.tls.adminSecret is missing"),
      (["tls": ["extraNames": ["a", "10.0.0.1:80"]]], "spec.tls.extraNames[1] must be a host's name"),
      (["tls": ["extraNames": ["a", "a"]]], "spec.tls.extraNames[1] is \"a\", which is there already"),
      (["acl": ["rules": [["actions": ["admin"]]]]], "spec.acl.rules[0].subject is missing"),
      (["acl": ["rules": [["subject": "a"]]]], "spec.acl.rules[0].actions is missing"),
      (["acl": ["rules": [["subject": "a", "actions": []]]]], "spec.acl.rules[0].actions must name at least one"),
      (
        ["acl": ["rules": [["subject": "a", "actions": ["write"]]]]],
        "spec.acl.rules[0].actions[0] must be one of produce"
      ),
      (
        ["acl": ["rules": [["subject": "a\n", "actions": ["admin"]]]]],
        "spec.acl.rules[0].subject must be 1 to 512 bytes"
      ),
      (
        ["acl": ["rules": [["subject": "a", "actions": ["admin"], "effect": "deny"]]]],
        "spec.acl.rules[0].effect must be one of Allow, Deny"
      ),
      (
        ["acl": ["configMap": "rules", "rules": [["subject": "a", "actions": ["admin"]]]]],
        "spec.acl.configMap cannot be given together with spec.acl.rules"
      ),
      (["users": [[:]]], "spec.users[0].name is missing"),
      (["users": [["name": "Alice"]]], "spec.users[0].name must be at most 63 of a-z, 0-9 and -"),
      (["users": [["name": "a"], ["name": "a"]]], "spec.users[1].name is \"a\", which there is already"),
      (
        ["users": [["name": "a", "actions": ["admin", "admin"]]]],
        "users[0].actions[1] is admin, which is there already"
      ),
      (["users": [["name": "a"]], "tls": ["mode": "Disabled"]], "spec.users needs certificates, but spec.tls.mode is"),
      (["acl": ["configMap": "a"], "tls": ["mode": "Disabled"]], "spec.acl.configMap needs certificates"),
      (
        ["acl": ["rules": [["subject": "a", "actions": ["admin"]]]], "tls": ["mode": "Disabled"]],
        "spec.acl.rules needs certificates"
      ),
    ] as [(JSONValue, String)])
  func wrongSecurity(spec: JSONValue, message: String) { wrong(spec: spec, message: message) }

  @Test("what is passed on to Kubernetes is passed on as it is")
  func passedOn() throws {
    let affinity: JSONValue = ["podAntiAffinity": ["x": [1, true]]]
    let spec: JSONValue = [
      "affinity": affinity, "tolerations": [["operator": "Exists"]], "topologySpreadConstraints": [],
      "securityContext": ["fsGroup": 1], "networkPolicy": ["clients": [["podSelector": [:]]]],
    ]
    let pods = try ProgLogSpec(of: Self.resource(spec)).pods
    #expect(pods.affinity == affinity && pods.tolerations == [["operator": "Exists"]])
    #expect(pods.topologySpreadConstraints == [] && pods.securityContext == ["fsGroup": 1])
    #expect(try ProgLogSpec(of: Self.resource(spec)).networkPolicy.clients == [["podSelector": [:]]])
    #expect(try ProgLogSpec(of: Self.resource([:])).pods.topologySpreadConstraints == nil)
  }

  @Test("a whole spec is read")
  func whole() throws {
    let spec = try ProgLogSpec(
      of: Self.resource([
        "replicas": 5, "hibernated": true,
        "access": [
          "type": "NodePort",
          "overrides": [["pod": "log-1", "rpcNodePort": 30_001, "advertisedHost": "one.example.com"]],
        ],
        "tls": [
          "leafLifetime": "1h30m", "trustGracePeriod": "0s", "extraNames": ["*.log.example.com", "2001:db8::1"],
        ],
        "acl": ["rules": [["subject": "bob", "actions": ["consume"], "effect": "Deny"]]],
        "users": [["name": "alice"], ["name": "bob", "actions": ["admin"]]],
      ]))
    #expect(spec.replicas == 5 && spec.isHibernated && spec.access.common.type == .nodePort)
    #expect(
      spec.access.overrides == ["log-1": .init(rpcNodePort: 30_001, advertisedHost: "one.example.com")])
    #expect(spec.tls.leafLifetime == 5400 && spec.tls.trustGracePeriod == 0)
    #expect(spec.acl.rules == [.init(subject: "bob", object: "*", actions: [.consume], isDenied: true)])
    #expect(spec.users == [.init(name: "alice"), .init(name: "bob", actions: [.admin])])
  }

  @Test(
    "lengths of time are read",
    arguments: [("2160h", 7_776_000), ("10m", 600), ("30s", 30), ("1h0m5s", 3605), ("99999h", 359_996_400)])
  func durations(text: String, seconds: Int64) { #expect(DurationText.seconds(text) == seconds) }

  @Test(
    "what is no length of time is none",
    arguments: ["", "h", "1", "1d", "-1h", "+1h", "1m1h", "1h1h", "1.5h", "999999h"])
  func notDurations(text: String) { #expect(DurationText.seconds(text) == nil) }

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
