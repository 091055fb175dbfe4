import KubernetesClient
import Testing

@testable import Operator

/// What all objects have in common. Each object has a suite of its own, in a file of its own.
@Suite struct ObjectBuilderTests {
  static let identity = Identity(
    KubernetesObject(["metadata": ["name": "log", "namespace": "default", "uid": "u"]]))

  /// A builder for a ProgLog named `log` in the namespace `default`.
  static func builder(
    _ change: (inout ProgLogSpec) -> Void = { _ in }, inputs: (inout ObjectBuilder) -> Void = { _ in }
  ) -> ObjectBuilder {
    var spec = ProgLogSpec()
    change(&spec)
    var builder = ObjectBuilder(identity: identity, spec: spec, defaults: OperatorDefaults(image: "logd:test"))
    builder.tlsMode = .managed
    builder.ordinals = 0..<spec.replicas
    builder.disruptionsAllowed = 1
    builder.capabilities.hasPodMonitors = true
    inputs(&builder)
    return builder
  }

  /// Every object that there can be.
  static func allObjects(_ builder: ObjectBuilder) -> [KubernetesObject] {
    (builder.supportingObjects() + [builder.statefulSet(existing: nil, replicas: 3)]).map(\.object)
  }

  @Test("what pods need comes first, then what guards them, then the ways to them")
  func order() {
    let builder = Self.builder({ $0.monitoring.podMonitor = true })
    #expect(
      builder.supportingObjects().map(\.reference.description) == [
        "ServiceAccount log-server", "ConfigMap log-config", "NetworkPolicy log", "PodDisruptionBudget log",
        "Service log-headless", "Service log", "Service log-0", "Service log-1", "Service log-2", "PodMonitor log",
      ])
  }

  @Test("every object is controlled by its ProgLog and tells how it was applied")
  func ownership() {
    for object in Self.allObjects(Self.builder({ $0.monitoring.podMonitor = true })) {
      #expect(object.controllerUID == "u")
      #expect(object.namespace == "default")
      #expect(object.labels[Names.managedByLabel] == "proglog-operator")
      #expect(object.annotations[Names.appliedAnnotation]?.count == 16)
    }
  }

  @Test("labels and annotations of the spec never take the place of ours")
  func reservedMetadata() {
    let hostile = [Names.managedByLabel: "x", Names.nameLabel: "x", Names.instanceLabel: "x"]
    let builder = Self.builder({ spec in
      spec.service.labels = hostile
      spec.access.common.labels = hostile
      spec.pods.labels = hostile
      spec.monitoring = .init(podMonitor: true, podMonitorLabels: hostile)
      spec.service.annotations = [Names.appliedAnnotation: "x"]
      spec.pods.annotations = [Names.configurationAnnotation: "x"]
    })
    for object in Self.allObjects(builder) {
      #expect(object.labels[Names.managedByLabel] == "proglog-operator")
      #expect(object.labels[Names.instanceLabel] == "log")
      #expect(object.annotations[Names.appliedAnnotation]?.count == 16)
    }
    let pod = builder.podTemplate()[path: "metadata"]
    #expect(pod?[path: "labels", Names.nameLabel] == "proglog")
    #expect(pod?[path: "annotations", Names.configurationAnnotation]?.string?.count == 16)
  }

  @Test("selectors hold what never changes, whatever the spec says (strimzi#12706)", arguments: SpecChange.all)
  func selectors(change: SpecChange) throws {
    let pod = try #require(
      Self.builder(change.apply).podTemplate()[path: "metadata", "labels"]?.object)
    for object in Self.allObjects(Self.builder(change.apply)) {
      guard let selector = Self.selector(of: object) else { continue }
      var fixed = selector
      fixed[Names.podNameLabel] = nil
      #expect(fixed == ["app.kubernetes.io/name": "proglog", "app.kubernetes.io/instance": "log"])
      for (key, value) in fixed { #expect(pod[key] == value) }
    }
  }

  @Test("all that select pods do")
  func selecting() {
    let kinds = Self.allObjects(Self.builder({ $0.monitoring.podMonitor = true }))
      .filter { Self.selector(of: $0) != nil }.map(\.kind)
    #expect(
      Set(kinds) == ["Service", "StatefulSet", "NetworkPolicy", "PodDisruptionBudget", "PodMonitor"])
  }

  /// The labels by which an object selects pods; nil for one that selects none.
  static func selector(of object: KubernetesObject) -> [String: JSONValue]? {
    let selector = object.spec["podSelector"] ?? object.spec["selector"]
    return selector?["matchLabels"]?.object ?? selector?.object
  }

  @Test("no object says where the authority's keys are", arguments: ProgLogSpec.TLS.Mode.allCases)
  func authority(mode: ProgLogSpec.TLS.Mode) {
    let secrets = [Names.authoritySecret("log"), Names.authorityKey, Names.nextAuthorityKey]
    for object in Self.allObjects(Self.builder(inputs: { $0.tlsMode = mode })) {
      for text in Self.texts(in: object.content) {
        #expect(!secrets.contains { text.contains($0) }, "\(object.kind) has \(text)")
      }
    }
  }

  /// Every text of a value, keys too.
  static func texts(in value: JSONValue) -> [String] {
    switch value {
    case .string(let text): [text]
    case .array(let elements): elements.flatMap(texts)
    case .object(let members): members.flatMap { [$0.key] + texts(in: $0.value) }
    default: []
    }
  }

  @Test("the same inputs give the same objects, and a stored object is as it was wanted")
  func deterministic() {
    let builder = Self.builder({ spec in for change in SpecChange.all { change.apply(&spec) } })
    #expect(Self.allObjects(builder) == Self.allObjects(builder))
    for object in Self.allObjects(builder) {
      #expect(Difference(desired: object.content, observed: object.content) == nil)
    }
  }
}
