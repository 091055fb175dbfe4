import Foundation
import TestSupport
import Testing

/// The operator's promise on a real cluster. The tests run in this order: what the first needs is what the second
/// counts, and the third takes the operator away.
@Suite(
  .serialized, .enabled(if: Cluster.isAvailable, "\(Cluster.reason)"),
  .enabled(if: GoProgram.isBuildable, "\(GoProgram.requirement)"))
struct TransitionTests {
  @Test("nothing that a ProgLog goes through loses a record, doubles one or fails a call")
  func transitions() async throws {
    // Two logs at a time: most of it is waiting for pods.
    async let shapes: Void = log("shapes") { load in
      try await sizes(&load)
      try await hibernation(&load)
      try await growth(&load)
    }
    async let lives: Void = log("lives") { load in
      try await restarts(&load)
      try await surroundings(&load)
      try await certificates(&load)
    }
    _ = try await (shapes, lives)
  }

  private func log(_ name: String, _ body: (inout LoadedLog) async throws -> Void) async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace(name) { namespace in
      let log = try ProgLogResource(namespace: namespace)
      try await log.apply(spec: ["replicas": 3, "tls": ["trustGracePeriod": "0s"]])
      try await log.converges()
      var load = try LoadedLog(log)
      try await body(&load)
      try await deletion(log)
    }
  }

  private func sizes(_ load: inout LoadedLog) async throws {
    let log = load.log
    for count in [5, 3, 1, 3] {
      try await load.goes(through: "to \(count) servers") { try await log.patch(#"{"spec":{"replicas":\#(count)}}"#) }
    }
  }

  private func restarts(_ load: inout LoadedLog) async throws {
    let log = load.log
    try await load.goes(through: "new settings", restarting: .all) {
      try await log.patch(#"{"spec":{"logLevel":"debug"}}"#)
    }
    var leader = try await log.leader()
    try await load.goes(through: "the leader's pod deleted", restarting: .only([leader])) {
      let before = try await log.pods()[leader]
      try await Cluster.kubectl("delete", "pod", leader, "-n", log.namespace)
      try await isMadeAnew(leader, before, log)
    }
    leader = try await log.leader()
    if let process = try await HostProcess.identifier(pod: leader, in: log.namespace, program: "logd") {
      try await load.goes(through: "the leader's process killed", restarting: .only([leader])) {
        let before = try await log.pods()[leader]
        kill(process, SIGKILL)
        try await isMadeAnew(leader, before, log)
      }
    }
    try await load.goes(through: "new settings, and the operator killed meanwhile", restarting: .all) {
      let before = try await log.pods()
      try await log.patch(#"{"spec":{"logLevel":"info"}}"#)
      try await Cluster.eventually("a pod goes") { () -> Void? in try await log.pods().count < before.count ? () : nil }
      try await Cluster.operatorTurn.whileMine { try await Cluster.killOperator() }
    }
  }

  private func isMadeAnew(_ pod: String, _ before: String?, _ log: ProgLogResource) async throws {
    try await Cluster.eventually("\(pod) is made anew") { () -> Void? in
      guard let now = try await log.pods()[pod], !now.hasSuffix("/") else { return nil }
      return now == before ? nil : ()
    }
  }

  private func hibernation(_ load: inout LoadedLog) async throws {
    let log = load.log
    try await load.goes(through: "sleep and wake", restarting: .all) {
      try await log.patch(#"{"spec":{"hibernated":true}}"#)
      try await log.hasCondition("Ready", reason: "Hibernated")
      try await Cluster.eventually("no pod runs") { () -> Void? in
        let pods = try await Cluster.kubectl("get", "pods", "-n", log.namespace, "-o", "name")
        return pods.isEmpty ? () : nil
      }
      try await log.patch(#"{"spec":{"hibernated":false}}"#)
    }
  }

  private func growth(_ load: inout LoadedLog) async throws {
    let log = load.log
    let storageClass = try await Cluster.kubectl(
      "get", "pvc", "data-\(log.name)-0", "-n", log.namespace, "-o", "jsonpath={.spec.storageClassName}")
    let mayGrow = try await Cluster.kubectl(
      "get", "storageclass", storageClass, "-o", "jsonpath={.allowVolumeExpansion}")
    func allowGrowth(_ value: String) async throws {
      try await Cluster.kubectl("patch", "storageclass", storageClass, "-p", #"{"allowVolumeExpansion":\#(value)}"#)
    }
    try await load.goes(through: "larger volumes") {
      try await log.patch(#"{"spec":{"storage":{"size":"2Gi"}}}"#)
      if mayGrow != "true" {
        let message = try await log.hasCondition("Degraded", reason: "StorageImmutable")
        #expect(message.contains("allowVolumeExpansion"), "\(message)")
        try await allowGrowth("true")
        // Classes are not watched: another look at the ProgLog is a look at its class.
        try await Cluster.kubectl("annotate", "plog", log.name, "-n", log.namespace, "example.org/look=again")
      }
      try await Cluster.eventually("new servers would get larger volumes") { () -> Void? in
        let size = try await Cluster.kubectl(
          "get", "statefulset", log.name, "-n", log.namespace, "--ignore-not-found", "-o",
          "jsonpath={.spec.volumeClaimTemplates[0].spec.resources.requests.storage}")
        return size == "2Gi" ? () : nil
      }
    }
    if mayGrow != "true" { try await allowGrowth("false") }
    let sizes = try await Cluster.kubectl(
      "get", "pvc", "-n", log.namespace, "-o", "jsonpath={.items[*].spec.resources.requests.storage}")
    #expect(Set(sizes.split(separator: " ")) == ["2Gi"])
  }

  /// What clients and pods do not notice.
  private func surroundings(_ load: inout LoadedLog) async throws {
    let log = load.log
    let second = try UserCredentials(namespace: log.namespace, secret: "\(log.name)-user-second")
    func isServed(_ wanted: Bool) async throws {
      let flags = try await log.clientFlags().prefix(2) + second.files
      try await Cluster.eventually(wanted ? "the second user is served" : "the second user is refused") { () -> Void? in
        let result = try await run(Products.path("logctl"), ["offsets"] + flags)
        return (result.status == 0) == wanted ? () : nil
      }
    }
    try await load.goes(through: "a user added and removed") {
      try await log.patch(#"{"spec":{"users":[{"name":"\#(ProgLogResource.user)"},{"name":"second"}]}}"#)
      _ = try await second.flags()
      try await isServed(true)
      try await log.patch(#"{"spec":{"users":[{"name":"\#(ProgLogResource.user)"}]}}"#)
      try await isServed(false)
      try await Cluster.eventually("the user's Secret is gone") { () -> Void? in
        try await Cluster.get("secret", second.secret, in: log.namespace) == nil ? () : nil
      }
    }
    try await load.goes(through: "another Service, no NetworkPolicy and rules of somebody else's") {
      let rules = try await Cluster.kubectl(
        "get", "configmap", "\(log.name)-config", "-n", log.namespace, "-o", "jsonpath={.data.acl-policy\\.csv}")
      let model = try await Cluster.kubectl(
        "get", "configmap", "\(log.name)-config", "-n", log.namespace, "-o", "jsonpath={.data.acl-model\\.conf}")
      try await Cluster.kubectl(
        "create", "configmap", "rules", "-n", log.namespace, "--from-literal=policy.csv=\(rules)",
        "--from-literal=model.conf=\(model)")
      let others = #""networkPolicy":{"enabled":false},"acl":{"configMap":"rules"}"#
      try await log.patch(#"{"spec":{"service":{"annotations":{"example.org/a":"b"}},\#(others)}}"#)
      try await Cluster.eventually("the NetworkPolicy is gone") { () -> Void? in
        try await Cluster.get("networkpolicy", log.name, in: log.namespace) == nil ? () : nil
      }
    }
  }

  private func certificates(_ load: inout LoadedLog) async throws {
    let log = load.log
    let pod = "\(log.name)-1"
    let address = try #require(try await log.addresses()[pod])
    try await load.goes(through: "a certificate renewed") {
      let before = try await ServerCertificate(shownAt: address)
      try await Cluster.kubectl(
        "patch", "secret", "\(log.name)-tls", "-n", log.namespace, "--type=json", "-p",
        #"[{"op": "remove", "path": "/data/\#(pod).server.crt"}]"#)
      try await shows(another: before, at: address, log)
    }
    try await load.goes(through: "a new key of the authority") {
      let before = try await ServerCertificate(shownAt: address)
      try await Cluster.kubectl("annotate", "plog", log.name, "-n", log.namespace, "proglog.io/roll-authority=again")
      try await Cluster.eventually("the old key is trusted no more", within: .seconds(400)) { () -> Void? in
        // A user reads his Secret again in time.
        _ = try await log.credentials.flags()
        let state = try await log.status()["certificates"] as? [String: Any] ?? [:]
        return state["lastRoll"] as? String == "again" && state["rollStage"] == nil ? () : nil
      }
      try await shows(another: before, at: address, log)
    }
  }

  private func shows(another before: ServerCertificate?, at address: String, _ log: ProgLogResource) async throws {
    // Pods see a changed Secret within about a minute.
    try await Cluster.eventually("\(address) shows another certificate", within: .seconds(180)) { () -> Void? in
      guard let now = try await ServerCertificate(shownAt: address), !now.serial.isEmpty else { return nil }
      return now.serial == before?.serial ? nil : ()
    }
  }

  private func deletion(_ log: ProgLogResource) async throws {
    try await Cluster.kubectl("delete", "plog", log.name, "-n", log.namespace)
    try await Cluster.eventually("everything that it owned is gone") { () -> Void? in
      let left = try await Cluster.kubectl(
        "get", "sts,pods,svc,cm,secrets,pdb,networkpolicies", "-n", log.namespace, "-l",
        "app.kubernetes.io/instance=\(log.name)", "-o", "name")
      return left.isEmpty ? () : nil
    }
    let claims = try await Cluster.kubectl("get", "pvc", "-n", log.namespace, "-o", "name").split(separator: "\n")
    #expect(claims.count == 3)
  }

  /// Rights that a run of these tests may leave unused, and why the operator has them.
  private static let unusedPermissions: [AuditLog.Permission: String] = [
    .init(group: "proglog.io", resource: "proglogs/finalizers", verb: "update"):
      "owner references that block deletion; only a cluster with OwnerReferencesPermissionEnforcement asks for it",
    .init(group: "coordination.k8s.io", resource: "leases", verb: "create"):
      "once in a cluster's life: the Lease outlives its operators",
  ]

  @Test(
    "the operator uses every right that the chart gives it, and no other",
    .enabled(if: Cluster.auditLog != nil, "needs the API server's audit log"))
  func permissions() async throws {
    let granted = try await rules("clusterrole", "proglog-operator")
      .union(rules("role", "proglog-operator-leader-election"))
    let log = try AuditLog(since: Cluster.start)
    let refused = log.requests.filter { $0.lacksRight && $0.objectRef != nil }
    #expect(refused.isEmpty, "\(refused)")
    let used = log.permissionsUsed
    #expect(used.isSubset(of: granted), "used and not granted by the chart: \(used.subtracting(granted).sorted())")
    let unused = granted.subtracting(used).subtracting(Self.unusedPermissions.keys)
    #expect(unused.isEmpty, "granted and never used: \(unused.sorted())")
  }

  private func rules(_ kind: String, _ name: String) async throws -> Set<AuditLog.Permission> {
    let role = try #require(try await Cluster.get(kind, name, in: Cluster.operatorNamespace))
    var permissions: Set<AuditLog.Permission> = []
    for rule in role["rules"] as? [[String: Any]] ?? [] {
      for group in rule["apiGroups"] as? [String] ?? [] {
        for resource in rule["resources"] as? [String] ?? [] {
          for verb in rule["verbs"] as? [String] ?? [] {
            permissions.insert(AuditLog.Permission(group: group, resource: resource, verb: verb))
          }
        }
      }
    }
    return permissions
  }

  @Test("an operator upgraded, rolled back, uninstalled and installed again leaves the pods of a log alone")
  func release() async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("release") { namespace in
      let log = try ProgLogResource(namespace: namespace)
      try await log.apply()
      try await log.converges()
      try await log.produce(["kept"])
      let pods = try await log.pods()
      try await Cluster.operatorTurn.whileMine {
        let release = "proglog-operator"
        try await Cluster.upgradeOperator(["logLevel=debug", "replicas=1"])
        try await Cluster.release(["rollback", release, "-n", Cluster.operatorNamespace])
        let result = try await Cluster.helm(["uninstall", release, "-n", Cluster.operatorNamespace])
        #expect(result.status == 0, "\(result.errors)")
        try await Cluster.eventually("the operator is gone") { () -> Void? in
          let left = try await Cluster.kubectl("get", "pods", "-n", Cluster.operatorNamespace, "-o", "name")
          return left.isEmpty ? () : nil
        }
        #expect(try await log.pods() == pods)
        #expect(try await log.consume(1) == ["kept"])
        try await Cluster.upgradeOperator()
      }
      try await log.patch(#"{"spec":{"service":{"annotations":{"example.org/a":"b"}}}}"#)
      try await log.converges()
      #expect(try await log.pods() == pods)
    }
  }
}
