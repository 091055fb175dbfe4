import KubernetesClient
import Testing

@testable import Operator

/// Rules that somebody else writes, in the ConfigMap that `spec.acl.configMap` names.
@Suite struct AccessListTests {
  private let cluster = InMemoryCluster()
  private let subject: OperatorUnderTest

  init() { subject = OperatorUnderTest(cluster) }

  private static let spec: JSONValue = ["tls": ["mode": "Managed"], "acl": ["configMap": "rules"]]

  private func write(model: String = AccessFiles.plainModel, policy: String) {
    cluster.edit(.configMap, "rules") {
      $0["data"] = ["model.conf": .string(model), "policy.csv": .string(policy)]
    }
  }

  private var policyInForce: String? {
    cluster[.configMap, "log-config"]?.content["data"]?[Names.aclPolicyFile]?.string
  }

  @Test("rules that can be used are copied, and changed ones without a restart")
  func copied() async throws {
    write(policy: "p, root, *, produce\n")
    cluster.apply(spec: Self.spec)
    #expect(try await subject.settle())
    #expect(policyInForce == "p, root, *, produce\n")
    let pod = cluster[.pod, "log-0"]?.uid
    write(policy: "p, alice, *, produce\n")
    #expect(try await subject.settle())
    #expect(policyInForce == "p, alice, *, produce\n")
    #expect(cluster[.pod, "log-0"]?.uid == pod)
    #expect(cluster.condition("Degraded").status == "False")
  }

  @Test(
    "rules that logd would refuse are not copied: a server that starts with them would not come up",
    arguments: [
      ("p, root, *\n", AccessFiles.plainModel, "policy.csv:1"),
      ("p, root, *, produce\n", "[matchers]\n", "model.conf:"),
      ("p, root, *, produce\n", AccessFiles.plainModel + " && f(r.sub)", "model.conf:8:"),
    ])
  func invalid(policy: String, model: String, place: String) async throws {
    write(policy: "p, root, *, produce\n")
    cluster.apply(spec: Self.spec)
    #expect(try await subject.settle())
    let before = cluster[.configMap, "log-config"]
    write(model: model, policy: policy)
    #expect(try await subject.settle())
    #expect(cluster[.configMap, "log-config"] == before)
    let condition = cluster.condition("Degraded")
    #expect(condition.status == "True" && condition.reason == "AccessListInvalid")
    #expect(condition.message?.contains(place) == true, "\(condition.message ?? "")")
    write(policy: "p, bob, *, produce\n")
    #expect(try await subject.settle())
    #expect(policyInForce == "p, bob, *, produce\n")
    #expect(cluster.condition("Degraded").status == "False")
  }

  @Test("without rules in force an invalid list grants nothing, and the servers start")
  func fromTheStart() async throws {
    write(policy: "p, root\n")
    cluster.apply(spec: Self.spec)
    #expect(try await subject.settle())
    #expect(policyInForce?.contains("root") == false)
    #expect(cluster[.pod, "log-0"]?.isReady == true)
    #expect(cluster.condition("Degraded").reason == "AccessListInvalid")
  }
}

extension AccessFiles {
  /// As somebody would write it who wants no more than who may do what.
  static let plainModel = """
    [request_definition]
    r = sub, obj, act
    [policy_definition]
    p = sub, obj, act
    [policy_effect]
    e = some(where (p.eft == allow))
    [matchers]
    m = r.sub == p.sub && r.obj == p.obj && r.act == p.act
    """
}
