import KubernetesClient
import Synchronization
import Testing

@testable import Operator

/// Today's operator takes over what released ones made: nothing restarts that docs/kubernetes.md does not announce.
@Suite struct UpgradeTests {
  static let released =
    ["plain", "tuned", "pinned"].map { ReleasedLog(release: "0.1.0", name: $0) }
    + [ReleasedLog(release: "0.1.0", name: "pinned", image: "proglog/logd@sha256:0123456789abcdef")]

  @Test(
    "a log of an earlier release keeps its objects, its volume and its member; its server is restarted once",
    arguments: released)
  func takenOver(log: ReleasedLog) async throws {
    let cluster = try log.cluster()
    let subject = OperatorUnderTest(cluster)
    let before = Self.uids(of: cluster)
    let pod = cluster[.pod, "log-0"]?.uid
    #expect(pod != nil && before.count > 5, "\(before)")

    #expect(try await subject.settle())
    let deletions = cluster.writes.filter { $0.hasPrefix("delete") }
    #expect(deletions == ["delete Pod log-0"], "the notes announce one restart")
    #expect(cluster[.pod, "log-0"]?.uid != pod)
    let after = Self.uids(of: cluster)
    #expect(before.filter { after[$0.key] != $0.value } == [:], "made anew")
    #expect(subject.servers.changes == [])
    #expect(subject.servers.violations == [])
    #expect(cluster.voters == ["log-0"])
    #expect(cluster.condition("Ready").status == "True")
    #expect(cluster[.progLog, "log"]?.status["tlsMode"] == "Disabled")

    cluster.forgetWrites()
    #expect(try await subject.settle())
    #expect(cluster.writes == [], "a second operator finds nothing to do")
  }

  @Test("servers whose image somebody has named get no setting that the release did not know", arguments: released)
  func settings(log: ReleasedLog) async throws {
    let cluster = try log.cluster()
    let subject = OperatorUnderTest(cluster)
    let isPinned = cluster[.progLog, "log"]?.spec["image"] != nil
    let image = Self.image(of: cluster)
    #expect(try await subject.settle())
    #expect((Self.image(of: cluster) == image) == isPinned)
    #expect(Self.settings(of: cluster).isSubset(of: try log.settings()) == isPinned)
    guard isPinned else { return }

    cluster.edit(.progLog, "log") { $0["spec"]?["storage"]?["size"] = "3Gi" }
    #expect(try await subject.settle())
    #expect(Self.settings(of: cluster).isSubset(of: try log.settings()), "while the StatefulSet is made anew")
    cluster.edit(.progLog, "log") { $0["spec"]?["image"] = "logd:test" }
    #expect(try await subject.settle())
    #expect(Self.settings(of: cluster).contains("client-addresses-file"))
  }

  @Test(
    "the tag of an image says which settings its logd knows",
    arguments: [
      ("proglog/logd:0.1.0", SettingsVersion.first), ("registry:5000/a/logd:v0.1.7-rc.1@sha256:00", .first),
      ("logd:0.2.0", .second), ("logd:1.0", .second), ("logd", nil), ("registry:5000/logd", nil), ("logd:latest", nil),
      ("logd@sha256:00", nil), ("logd:0", nil), ("logd:0.x", nil), ("logd:", nil),
    ])
  func tags(image: String, version: SettingsVersion?) {
    #expect(SettingsVersion(image: image) == version)
  }

  @Test("an image that is older than today's settings is given its own, from the first start and on the way back")
  func olderImage() async throws {
    let cluster = InMemoryCluster()
    let subject = OperatorUnderTest(cluster)
    cluster.apply(spec: ["image": "logd:0.1.0"])
    #expect(try await subject.settle())
    let settings = try ReleasedLog(release: "0.1.0", name: "plain").settings()
    #expect(Self.settings(of: cluster).isSubset(of: settings))
    cluster.apply(spec: ["image": "logd:unknown"])
    #expect(try await subject.settle())
    #expect(!Self.settings(of: cluster).isSubset(of: settings))
    cluster.apply(spec: ["image": "logd:0.1.0"])
    #expect(try await subject.settle())
    #expect(Self.settings(of: cluster).isSubset(of: settings))
  }

  /// Of all that is to stay: everything but pods.
  private static func uids(of cluster: InMemoryCluster) -> [String: String] {
    let objects = cluster.state.withLock { $0.objects }
    return objects.reduce(into: [:]) { uids, object in
      if object.key.type != .pod, object.key.type != .event {
        uids["\(object.key.type.kind) \(object.value.name)"] = object.value.uid
      }
    }
  }

  private static func image(of cluster: InMemoryCluster) -> String? {
    cluster[.pod, "log-0"]?.spec["containers"]?.array?.first?["image"]?.string
  }

  private static func settings(of cluster: InMemoryCluster) -> Set<String> {
    let text = cluster[.configMap, "log-config"]?.content[path: "data", "logd.yaml"]?.string ?? ""
    return Set(text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { String($0.prefix { $0 != ":" }) })
  }
}
