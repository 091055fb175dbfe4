import KubernetesClient
import ProgLogClient

@testable import Operator

/// Kubernetes' own controllers and nodes.
extension TraceWorld {
  mutating func runControllers() {
    if let set = statefulSet, chance(80) { runStatefulSet(set) }
    for pod in pods { runNode(pod) }
    for (name, claim) in objects[.persistentVolumeClaim] ?? [:] where claim.isBeingDeleted {
      // A claim in use is protected.
      if self[.pod, String(name.dropFirst(Names.dataVolume.utf8.count + 1))] == nil {
        remove(.persistentVolumeClaim, name)
      }
    }
  }

  private mutating func runStatefulSet(_ set: KubernetesObject) {
    let template = set.spec["template"] ?? [:]
    let revision = "\(set.name)-\(Fingerprint(template).text.prefix(10))"
    let replicas = Int(set.spec["replicas"]?.integer ?? 0)
    put(
      .statefulSet, set.name,
      set.content.setting(
        "status", ["observedGeneration": .integer(set.generation), "updateRevision": .string(revision)]))
    // It adopts pods of a StatefulSet that was made anew around them.
    let owner: JSONValue = [["kind": "StatefulSet", "uid": .string(set.uid), "controller": true]]
    for pod in pods where pod.controllerUID == nil {
      edit(.pod, pod.name) { $0["metadata"]?["ownerReferences"] = owner }
    }
    for ordinal in 0..<replicas { make(ordinal, of: set, template, revision) }
    for pod in pods where pod.controllerUID == set.uid {
      guard let ordinal = Names.ordinal(pod.name, of: set.name) else { continue }
      if ordinal >= replicas { deletePod(pod.name, grace: 2) }
      if pod.status["phase"]?.string == "Failed" { deletePod(pod.name, grace: 0) }
    }
  }

  private mutating func make(_ ordinal: Int, of set: KubernetesObject, _ template: JSONValue, _ revision: String) {
    let name = Names.pod(set.name, ordinal)
    let owner: JSONValue = [["kind": "StatefulSet", "uid": .string(set.uid), "controller": true]]
    guard self[.pod, name] == nil else { return }
    let claim = Names.claim(set.name, ordinal)
    if self[.persistentVolumeClaim, claim] == nil, let first = set.spec["volumeClaimTemplates"]?.array?.first {
      let stored = put(.persistentVolumeClaim, claim, first)
      disks[stored.uid] = Disk(incarnation: "life of \(name) on \(stored.uid)")
    }
    guard self[.persistentVolumeClaim, claim]?.isBeingDeleted == false else { return }
    var labels = template[path: "metadata", "labels"] ?? [:]
    labels[Names.revisionLabel] = .string(revision)
    let image = template[path: "spec", "containers"]?.array?.first?["image"] ?? ""
    let pod = put(
      .pod, name,
      [
        "metadata": ["labels": labels, "ownerReferences": owner], "spec": ["image": image],
        "status": ["phase": "Pending"],
      ])
    let isBad = image.string?.hasSuffix("bad") ?? false
    processes[pod.uid] = Process(startsAt: isBad ? nil : time + Int64.random(in: 1...3, using: &random))
  }

  private mutating func runNode(_ pod: KubernetesObject) {
    guard var process = processes[pod.uid] else { return }
    if let end = process.endsAt {
      if end <= time { deletePod(pod.name, grace: 0) }
      return
    }
    if pod.status["phase"]?.string == "Pending", let start = process.startsAt, start <= time {
      edit(.pod, pod.name) {
        $0["status"] = ["phase": "Running", "podIP": .string("10.0.0.\(pod.uid.dropFirst(4))"), "hostIP": "192.0.2.1"]
      }
    }
    guard let pod = self[.pod, pod.name] else { return }
    let isUp = isUp(pod)
    if isUp { process.seenUpAt = time }
    processes[pod.uid] = process
    let disk = claim(ofPod: pod.name).flatMap { disks[$0.uid] }
    let serves = disk?.clusterID == nil || raft?.leader != nil
    report(pod, isUp: isUp, isReady: isUp && serves && !process.failsProbe)
  }

  /// What its kubelet says of a pod that runs.
  private mutating func report(_ pod: KubernetesObject, isUp: Bool, isReady: Bool) {
    guard pod.status["phase"]?.string == "Running" else { return }
    let state: JSONValue = isUp ? ["running": [:]] : ["waiting": ["reason": "CrashLoopBackOff"]]
    let wasUp = pod.status["containerStatuses"].map { $0.array?.first?[path: "state", "running"] != nil }
    if wasUp != isUp { edit(.pod, pod.name) { $0["status"]?["containerStatuses"] = [["state": state]] } }
    guard isReady != pod.isReady || pod.condition("Ready") == nil else { return }
    let now = OperatorClock { [time] in time }.text()
    edit(.pod, pod.name) {
      $0["status"]?["conditions"] = [
        ["type": "Ready", "status": .string(isReady ? "True" : "False"), "lastTransitionTime": .string(now)]
      ]
    }
  }
}

extension JSONValue {
  func setting(_ key: String, _ value: JSONValue?) -> JSONValue {
    var copy = self
    copy[key] = value
    return copy
  }
}
