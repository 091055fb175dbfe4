import KubernetesClient
import Testing

@testable import Operator

@Suite struct ObjectBuilderTests {
  private func builder(_ spec: JSONValue = [:]) throws -> ObjectBuilder {
    try Planner(defaults: OperatorUnderTest.defaults).builder(for: ProgLogSpecTests.resource(spec))
  }

  @Test("logd.yaml has logd's flags as keys")
  func configuration() throws {
    let text = try builder(["logLevel": "debug", "log": ["maxStoreBytes": 8_388_608]]).configurationText()
    #expect(
      text == """
        # Written by proglog-operator from ProgLog log; changes here are undone.
        data-dir: /var/lib/proglog/data
        bind-addr: 0.0.0.0:8401
        rpc-port: 8400
        http-port: 8080
        ops-port: 8402
        allow-plaintext-on-network: true
        bootstrap: true
        membership: managed
        log-level: debug
        log-format: json
        max-store-bytes: 8388608

        """)
  }

  @Test("pods keep to the restricted Pod Security standard")
  func podSecurity() throws {
    let template = try #require(try builder().statefulSet(existing: nil).object.spec["template"])
    let pod = try #require(template["spec"])
    let container = try #require(pod["containers"]?.array?.first)
    #expect(pod[path: "securityContext", "runAsNonRoot"] == true)
    #expect(pod[path: "securityContext", "seccompProfile", "type"] == "RuntimeDefault")
    #expect(pod["automountServiceAccountToken"] == false)
    #expect(container[path: "securityContext", "allowPrivilegeEscalation"] == false)
    #expect(container[path: "securityContext", "readOnlyRootFilesystem"] == true)
    #expect(container[path: "securityContext", "capabilities", "drop"] == ["ALL"])
  }

  @Test("selectors hold what never changes, and the pods' labels match them")
  func selectors() throws {
    let builder = try builder(["podLabels": ["team": "x"]])
    let set = builder.statefulSet(existing: nil).object
    let labels = try #require(set.spec[path: "template", "metadata", "labels"]?.object)
    #expect(labels["team"] == "x")
    #expect(
      set.spec[path: "selector", "matchLabels"]
        == ["app.kubernetes.io/name": "proglog", "app.kubernetes.io/instance": "log"])
    for object in builder.supportingObjects().map(\.object) + [set] where object.kind != "ConfigMap" {
      let selector = object.spec[path: "selector", "matchLabels"]?.object ?? object.spec["selector"]?.object ?? [:]
      #expect(!selector.isEmpty)
      for (key, value) in selector where key != Names.podNameLabel { #expect(labels[key] == value) }
    }
  }

  @Test("every object is controlled by its ProgLog and tells how it was applied")
  func ownership() throws {
    let builder = try builder()
    for object in builder.supportingObjects().map(\.object) + [builder.statefulSet(existing: nil).object] {
      #expect(object.controllerUID == "u")
      #expect(object.labels[Names.managedByLabel] == "proglog-operator")
      #expect(object.annotations[Names.appliedAnnotation]?.count == 16)
    }
  }

  @Test("each setting that logd reads changes the pod template, and no other does")
  func templates() throws {
    func template(_ spec: JSONValue) throws -> JSONValue? {
      try builder(spec).statefulSet(existing: nil).object.spec["template"]
    }
    let plain = try template([:])
    for spec in [["logLevel": "debug"], ["log": ["maxIndexBytes": 8192]], ["image": "x"]] as [JSONValue] {
      #expect(try template(spec) != plain)
    }
    for spec in [["access": ["type": "NodePort"]], ["storage": ["size": "9Gi"]], ["replicas": 1]] as [JSONValue] {
      #expect(try template(spec) == plain)
    }
  }
}
