/// A `coordination.k8s.io/v1` Lease: who leads, and for how long it may be believed.
package struct Lease: Sendable, Hashable {
  /// The whole object: a write keeps what others have put into it.
  package private(set) var object: KubernetesObject

  package init(_ object: KubernetesObject) { self.object = object }

  /// A Lease that is not in the API server yet.
  init(_ key: ObjectKey) {
    object = KubernetesObject([
      "apiVersion": .string(ResourceType.lease.apiVersion), "kind": .string(ResourceType.lease.kind),
      "metadata": ["namespace": .string(key.namespace), "name": .string(key.name)], "spec": [:],
    ])
  }

  /// Empty: nobody's.
  package var holder: String { object.spec["holderIdentity"]?.string ?? "" }

  /// How long after its last renewal the lease is still its holder's; nil where none or nonsense is written.
  package var duration: Duration? {
    guard let seconds = object.spec["leaseDurationSeconds"]?.integer, seconds > 0 else { return nil }
    return .seconds(seconds)
  }

  /// How often the lease went from one holder to another.
  package var transitions: Int64 { object.spec["leaseTransitions"]?.integer ?? 0 }

  /// Whether nothing but metadata differs: the holder of both has not renewed between them.
  func isSameTerm(as other: Lease) -> Bool {
    object.uid == other.object.uid && object.spec == other.object.spec
  }

  /// Held by `identity` from now on.
  func taken(by identity: String, for duration: Duration, at time: MicroTime) -> Lease {
    var lease = self
    // As client-go counts: the first holder of a new Lease is no transition.
    let isSame = object.resourceVersion.isEmpty || holder == identity
    // The field has whole seconds: rounded up, so that nobody takes the lease too early.
    let seconds = Int64((duration / .seconds(1)).rounded(.up))
    lease.set([
      "holderIdentity": .string(identity), "leaseDurationSeconds": .integer(seconds),
      "acquireTime": .string("\(time)"), "renewTime": .string("\(time)"),
      "leaseTransitions": .integer(isSame ? transitions : transitions + 1),
    ])
    return lease
  }

  func renewed(at time: MicroTime) -> Lease {
    var lease = self
    lease.set(["renewTime": .string("\(time)")])
    return lease
  }

  /// Nobody's from now on. One second is the shortest duration that the API server takes.
  func released(at time: MicroTime) -> Lease {
    var lease = self
    lease.set([
      "holderIdentity": "", "leaseDurationSeconds": 1, "acquireTime": .string("\(time)"),
      "renewTime": .string("\(time)"),
    ])
    return lease
  }

  private mutating func set(_ fields: [String: JSONValue]) {
    object.content["spec"] = .object((object.spec.object ?? [:]).merging(fields) { $1 })
  }
}
