import KubernetesClient
import Synchronization

@testable import Operator

extension InMemoryCluster {
  /// What is missing from the cluster in a test.
  struct Faults {
    var hasLoadBalancers = true
    var podsBecomeReady = true
  }

  /// One round of Kubernetes' own controllers: garbage collector, StatefulSets, kubelets, load balancers.
  func runControllers(_ faults: Faults = Faults()) {
    state.withLock { state in
      state.collectGarbage()
      for set in state.all(.statefulSet, nil) { state.runStatefulSet(set) }
      if faults.podsBecomeReady {
        for pod in state.all(.pod, nil) where !pod.isReady {
          var content = pod.content
          content["status"] = [
            "hostIP": "192.0.2.1", "podIP": "10.1.0.9", "phase": "Running",
            "conditions": [["type": "Ready", "status": "True"]],
          ]
          state.store(content, Subject(type: .pod, key: pod.key))
        }
      }
      if faults.hasLoadBalancers {
        for service in state.all(.service, nil) { state.balance(service) }
      }
    }
  }
}

extension InMemoryCluster.State {
  /// Deletes what only owners have that are gone.
  fileprivate mutating func collectGarbage() {
    var before: Int64
    repeat {
      before = revision
      let uids = Set(objects.values.map(\.uid))
      for (subject, object) in objects {
        let owners = (object.metadata["ownerReferences"]?.array ?? []).compactMap { $0["uid"]?.string }
        if !owners.isEmpty, !owners.contains(where: uids.contains) { remove(subject) }
      }
    } while revision != before
  }

  fileprivate mutating func runStatefulSet(_ set: KubernetesObject) {
    let template = set.spec["template"] ?? [:]
    let revision = "\(set.name)-\(Fingerprint(template).text.prefix(10))"
    let replicas = Int(set.spec["replicas"]?.integer ?? 0)
    for ordinal in 0..<replicas { make(ordinal, of: set, template, revision) }
    for pod in all(.pod, nil) where pod.controllerUID == set.uid {
      if let ordinal = Names.ordinal(pod.name, of: set.name), ordinal >= replicas {
        remove(Subject(type: .pod, key: pod.key))
      }
    }
    var content = set.content
    content["status"] = ["observedGeneration": .integer(set.generation), "updateRevision": .string(revision)]
    store(content, Subject(type: .statefulSet, key: set.key))
  }

  private mutating func make(_ ordinal: Int, of set: KubernetesObject, _ template: JSONValue, _ revision: String) {
    let name = "\(set.name)-\(ordinal)"
    let claim = Subject(type: .persistentVolumeClaim, key: ObjectKey(namespace: set.namespace, name: "data-\(name)"))
    let pod = Subject(type: .pod, key: ObjectKey(namespace: set.namespace, name: name))
    if let existing = objects[pod] {
      // Pods of a StatefulSet that was made anew around them.
      guard existing.controllerUID == nil else { return }
      var content = existing.content
      content["metadata"]?["ownerReferences"] = [["kind": "StatefulSet", "uid": .string(set.uid), "controller": true]]
      store(content, pod)
      return
    }
    if objects[claim] == nil, let first = set.spec["volumeClaimTemplates"]?.array?.first {
      var content = first
      content["metadata"]?["name"] = .string(claim.key.name)
      content["metadata"]?["namespace"] = .string(set.namespace)
      store(content, claim)
    }
    var metadata = template["metadata"] ?? [:]
    metadata["name"] = .string(name)
    metadata["namespace"] = .string(set.namespace)
    metadata["labels"]?[Names.revisionLabel] = .string(revision)
    metadata["labels"]?[Names.podNameLabel] = .string(name)
    metadata["ownerReferences"] = [["kind": "StatefulSet", "uid": .string(set.uid), "controller": true]]
    store(["metadata": metadata, "spec": template["spec"] ?? [:]], pod)
  }

  fileprivate mutating func balance(_ service: KubernetesObject) {
    guard service.spec["type"]?.string == "LoadBalancer", ClientAddress.loadBalancer(of: service) == nil else { return }
    var content = service.content
    content["status"] = ["loadBalancer": ["ingress": [["ip": "203.0.113.9"]]]]
    store(content, Subject(type: .service, key: service.key))
  }
}
