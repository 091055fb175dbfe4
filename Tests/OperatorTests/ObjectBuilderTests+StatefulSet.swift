import KubernetesClient
import Testing

@testable import Operator

extension ObjectBuilderTests {
  @Suite struct StatefulSet {
    private func pod(
      _ change: (inout ProgLogSpec) -> Void = { _ in }, inputs: (inout ObjectBuilder) -> Void = { _ in }
    ) throws -> JSONValue {
      try #require(ObjectBuilderTests.builder(change, inputs: inputs).podTemplate()["spec"])
    }

    private func container(_ inputs: (inout ObjectBuilder) -> Void = { _ in }) throws -> JSONValue {
      try #require(try pod(inputs: inputs)["containers"]?.array?.first)
    }

    @Test("pods are stepped by the operator and claims are kept by it")
    func strategy() {
      let spec = ObjectBuilderTests.builder().statefulSet(existing: nil, replicas: 3).object.spec
      #expect(spec["podManagementPolicy"] == "Parallel")
      #expect(spec["updateStrategy"] == ["type": "OnDelete"])
      #expect(spec["serviceName"] == "log-headless")
      #expect(spec["persistentVolumeClaimRetentionPolicy"] == nil)
    }

    @Test("another number of pods is seen and leaves the fingerprint alone")
    func replicas() throws {
      let builder = ObjectBuilderTests.builder()
      let (two, three) = (
        builder.statefulSet(existing: nil, replicas: 2), builder.statefulSet(existing: nil, replicas: 3)
      )
      #expect(two.object.annotations == three.object.annotations)
      #expect(Difference(desired: three.object.content, observed: two.object.content)?.path == "spec.replicas")
      var observation = Observation(resource: ProgLogSpecTests.resource([:]))
      observation.objects[two.reference] = two.object
      let planner = Planner(defaults: builder.defaults)
      #expect(planner.apply(three, observation)?.action == .change(three))
      #expect(planner.apply(two, observation) == nil)
    }

    @Test("claim templates of a StatefulSet that is there are kept, in the server's words")
    func claimTemplates() {
      var stored = ObjectBuilderTests.builder().statefulSet(existing: nil, replicas: 3).object
      let templates: JSONValue = [["metadata": ["name": "data"], "spec": ["volumeMode": "Filesystem"]]]
      stored.content["spec"]?["volumeClaimTemplates"] = templates
      let grown = ObjectBuilderTests.builder({ $0.storage.size = "9Gi" })
      let kept = grown.statefulSet(existing: stored, replicas: 3)
      #expect(kept.object.spec["volumeClaimTemplates"] == templates)
      #expect(kept.object.annotations == stored.annotations)
      let made = grown.statefulSet(existing: nil, replicas: 3).object.spec["volumeClaimTemplates"]?.array?.first
      #expect(made?[path: "spec", "resources", "requests", "storage"] == "9Gi")
    }

    @Test("it tells the mode of TLS that its servers run with", arguments: ProgLogSpec.TLS.Mode.allCases)
    func mode(_ mode: ProgLogSpec.TLS.Mode) {
      let set = ObjectBuilderTests.builder(inputs: { $0.tlsMode = mode }).statefulSet(existing: nil, replicas: 1)
      #expect(set.object.annotations[Names.tlsModeAnnotation] == mode.rawValue)
    }

    @Test("pods keep to the restricted Pod Security standard, in every mode", arguments: ProgLogSpec.TLS.Mode.allCases)
    func podSecurity(mode: ProgLogSpec.TLS.Mode) throws {
      let pod = try pod(inputs: { $0.tlsMode = mode })
      let container = try #require(pod["containers"]?.array?.first)
      #expect(pod[path: "securityContext", "runAsNonRoot"] == true)
      #expect(pod[path: "securityContext", "runAsUser"] == 65_532)
      #expect(pod[path: "securityContext", "seccompProfile", "type"] == "RuntimeDefault")
      #expect(pod["automountServiceAccountToken"] == false)
      #expect(pod["serviceAccountName"] == "log-server")
      #expect(container[path: "securityContext", "allowPrivilegeEscalation"] == false)
      #expect(container[path: "securityContext", "readOnlyRootFilesystem"] == true)
      #expect(container[path: "securityContext", "capabilities", "drop"] == ["ALL"])
      for field in ["hostNetwork", "hostPID", "hostIPC"] { #expect(pod[field] == nil) }
      // The kinds of volumes that the standard allows.
      for volume in pod["volumes"]?.array ?? [] {
        let kinds = (volume.object ?? [:]).keys.filter { $0 != "name" }
        #expect(kinds == ["configMap"] || kinds == ["secret"])
      }
    }

    @Test("the spec's security context is laid over ours, field by field")
    func securityContext() throws {
      let pod = try pod({
        $0.pods.securityContext = [
          "runAsUser": nil, "fsGroup": 2000, "seccompProfile": ["type": "Localhost", "localhostProfile": "x"],
        ]
      })
      #expect(
        pod["securityContext"] == [
          "runAsNonRoot": true, "runAsGroup": 65_532, "fsGroup": 2000, "fsGroupChangePolicy": "OnRootMismatch",
          "seccompProfile": ["type": "Localhost", "localhostProfile": "x"],
        ])
    }

    @Test(
      "the pod has what the spec says of it",
      arguments: [
        ("pods.nodeSelector", "nodeSelector", ["disk": "ssd"]),
        ("pods.affinity", "affinity", ["nodeAffinity": [:]]),
        ("pods.tolerations", "tolerations", [["key": "log", "operator": "Exists"]]),
        ("pods.topologySpreadConstraints", "topologySpreadConstraints", nil),
        ("pods.priorityClassName", "priorityClassName", "high"),
        ("pods.terminationGracePeriodSeconds", "terminationGracePeriodSeconds", 30),
        ("imagePullSecrets", "imagePullSecrets", [["name": "registry"]]),
      ] as [(String, String, JSONValue?)])
    func passedOn(field: String, member: String, value: JSONValue?) throws {
      let change = try #require(SpecChange.all.first { $0.field == field })
      #expect(try pod(change.apply)[member] == value)
    }

    @Test("the container has what the spec says of it")
    func containerSettings() throws {
      let pod = try pod({ spec in
        spec.image = "logd:2"
        spec.imagePullPolicy = .never
        spec.pods.resources = .init(requests: ["cpu": "0.5"], limits: ["memory": "1Gi"])
      })
      let container = try #require(pod["containers"]?.array?.first)
      #expect(container["image"] == "logd:2")
      #expect(container["imagePullPolicy"] == "Never")
      #expect(container["resources"] == ["requests": ["cpu": "0.5"], "limits": ["memory": "1Gi"]])
      let plain = try self.container()
      #expect(plain["image"] == "logd:test" && plain["resources"] == nil && plain["imagePullPolicy"] == nil)
    }

    @Test("what the API server does not store is not applied, so that the stored pod is the one that is wanted")
    func normalized() throws {
      let pod = try pod({ spec in
        spec.pods.tolerations = [["key": "a", "operator": "", "value": "", "effect": "NoSchedule", "x": nil]]
        spec.pods.affinity = ["nodeAffinity": nil, "podAffinity": ["matchLabels": ["empty": ""]]]
      })
      #expect(pod["tolerations"] == [["key": "a", "effect": "NoSchedule"]])
      // An empty value of a label is a value.
      #expect(pod["affinity"] == ["podAffinity": ["matchLabels": ["empty": ""]]])
    }

    @Test("pods are spread over zones and nodes, as far as it can be had")
    func spread() throws {
      let constraints = try #require(try pod()["topologySpreadConstraints"]?.array)
      #expect(
        constraints.map { $0["topologyKey"] } == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"])
      for constraint in constraints {
        #expect(constraint["whenUnsatisfiable"] == "ScheduleAnyway" && constraint["maxSkew"] == 1)
        #expect(constraint[path: "labelSelector", "matchLabels"]?.object == Names.selector("log"))
      }
    }

    @Test("a person's word to restart is on the pods")
    func restartToken() {
      let annotations = { (token: String?) in
        ObjectBuilderTests.builder(inputs: { $0.restartToken = token }).podTemplate()[path: "metadata", "annotations"]
      }
      #expect(annotations("a")?[Names.restartAnnotation] == "a")
      #expect(annotations(nil)?[Names.restartAnnotation] == nil)
    }
  }

  /// Certificates and the environment.
  @Suite struct PodFiles {
    private func variables(_ mode: ProgLogSpec.TLS.Mode) throws -> [(name: String, value: String?)] {
      let container = ObjectBuilderTests.builder(inputs: { $0.tlsMode = mode }).container()
      return try #require(container["env"]?.array).map { ($0["name"]?.string ?? "", $0["value"]?.string) }
    }

    @Test(
      "each pod picks its own certificates from those of all",
      arguments: [.managed, .secrets] as [ProgLogSpec.TLS.Mode])
    func certificates(mode: ProgLogSpec.TLS.Mode) throws {
      let builder = ObjectBuilderTests.builder(inputs: { $0.tlsMode = mode })
      let pod = try #require(builder.podTemplate()["spec"])
      #expect(
        pod["volumes"]?.array?.last
          == ["name": "certificates", "secret": ["secretName": "log-tls", "defaultMode": 288]])
      let mounts = try #require(builder.container()["volumeMounts"]?.array)
      #expect(mounts.last == ["name": "certificates", "mountPath": "/etc/proglog-tls", "readOnly": true])
      #expect(mounts.allSatisfy { $0["subPath"] == nil })
      let values = try variables(mode).compactMap { name, value in value.map { "\(name)=\($0)" } }
      #expect(
        values == [
          "LOGD_ADVERTISE_RPC_ADDR=$(LOGD_NODE_NAME).log-headless.default.svc:8400",
          "LOGD_ADVERTISE_GOSSIP_ADDR=[$(POD_IP)]:8401",
          "LOGD_PEER_TLS_CERT_FILE=/etc/proglog-tls/$(LOGD_NODE_NAME).node.crt",
          "LOGD_PEER_TLS_KEY_FILE=/etc/proglog-tls/$(LOGD_NODE_NAME).node.key",
          "LOGD_PEER_TLS_CA_FILE=/etc/proglog-tls/ca.crt",
          "LOGD_SERVER_TLS_CERT_FILE=/etc/proglog-tls/$(LOGD_NODE_NAME).server.crt",
          "LOGD_SERVER_TLS_KEY_FILE=/etc/proglog-tls/$(LOGD_NODE_NAME).server.key",
          "LOGD_SERVER_TLS_CA_FILE=/etc/proglog-tls/ca.crt",
          "LOGD_GOSSIP_KEYRING_FILE=/etc/proglog-tls/gossip.keyring",
        ])
    }

    @Test("without TLS nothing of it is mounted or named")
    func plaintext() throws {
      let builder = ObjectBuilderTests.builder(inputs: { $0.tlsMode = .disabled })
      #expect(builder.podTemplate()[path: "spec", "volumes"]?.array?.count == 1)
      #expect(builder.container()["volumeMounts"]?.array?.count == 2)
      #expect(
        try variables(.disabled).map(\.name) == [
          "LOGD_NODE_NAME", "POD_IP", "LOGD_ADVERTISE_RPC_ADDR", "LOGD_ADVERTISE_GOSSIP_ADDR",
        ])
    }

    @Test("a variable is defined before it is used, or the kubelet leaves its name in place")
    func order() throws {
      var known: [String] = []
      for (name, value) in try variables(.managed) {
        for part in (value ?? "").split(separator: "$(").dropFirst(value?.hasPrefix("$(") == true ? 0 : 1) {
          #expect(known.contains(String(part.prefix { $0 != ")" })), "\(name)")
        }
        known.append(name)
      }
    }

    @Test("members are told by the name that certificates have")
    func memberHost() throws {
      let address = try #require(try variables(.managed).first { $0.name == "LOGD_ADVERTISE_RPC_ADDR" }?.value)
      #expect(
        address.replacing("$(LOGD_NODE_NAME)", with: "log-0") == "\(Names.memberHost("log", 0, in: "default")):8400")
    }
  }
}
