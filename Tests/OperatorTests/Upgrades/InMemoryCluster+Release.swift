import Foundation
import KubernetesClient
import ProgLogClient
import Synchronization
import Testing

@testable import Operator

/// What a release made: the objects of one ProgLog, as `kubectl get -o json` showed them on a real cluster.
struct ReleasedLog: Sendable, CustomTestStringConvertible {
  var release: String
  /// The file's name in `Golden/RELEASE`, without its extension.
  var name: String
  /// Takes the place of the release's own image.
  var image: String?

  var testDescription: String { "\(name) of \(release)" + (image.map { " as \($0)" } ?? "") }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

  private func read(_ file: String) throws -> Data {
    try Data(contentsOf: Self.folder.appending(path: "\(release)/\(file)"))
  }

  /// The settings that the release's logd knows; it does not start with any other.
  func settings() throws -> Set<String> {
    Set(String(decoding: try read("settings.txt"), as: UTF8.self).split(separator: "\n").map(String.init))
  }

  /// A cluster that holds it, with its server running: one voter, which leads.
  func cluster() throws -> InMemoryCluster {
    var text = String(decoding: try read("\(name).json"), as: UTF8.self)
    if let image { text.replace("proglog/logd:\(release)", with: image) }
    let list = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    let cluster = InMemoryCluster()
    for item in list["items"]?.array ?? [] { cluster.restore(KubernetesObject(item)) }
    cluster.adoptRevisions()
    let identity = NodeIdentity(name: "log-0", incarnation: "of \(release)")
    cluster.serverState.withLock { state in
      let claim = cluster[.persistentVolumeClaim, "data-log-0"]?.uid ?? ""
      state.disks[claim] = InMemoryServers.Disk(incarnation: identity.incarnation, clusterID: release, lastIndex: 7)
      state.group = InMemoryServers.Group(
        members: [ClusterMember(identity: identity, address: "", role: .voter)], leader: identity.name, acknowledged: 7)
    }
    return cluster
  }
}

extension InMemoryCluster {
  /// Puts an object in as it is, with the uid, the version and the owners of its fields that it had.
  fileprivate func restore(_ object: KubernetesObject) {
    guard let type = OperatorUnderTest.types.first(where: { $0.kind == object.content["kind"]?.string }) else {
      preconditionFailure("no type of kind \(object.content["kind"] ?? nil)")
    }
    let subject = Subject(type: type, key: object.key)
    var stored = object
    stored.content["metadata"]?["managedFields"] = nil
    state.withLock { state in
      state.objects[subject] = stored
      state.revision = max(state.revision, Int64(stored.resourceVersion) ?? 0)
      for owner in object.metadata["managedFields"]?.array ?? [] {
        guard owner["operation"] == "Apply", let manager = owner["manager"]?.string, let fields = owner["fieldsV1"]
        else { continue }
        state.applied[subject, default: [:]][manager] = object.content.picking(fields)
      }
    }
  }

  /// The controllers in memory call a template's revision something else than Kubernetes does.
  fileprivate func adoptRevisions() {
    let names = all(.statefulSet).map { ($0, $0.status["updateRevision"]?.string) }
    runControllers()
    for (set, revision) in names {
      let ours = self[.statefulSet, set.name]?.status["updateRevision"]
      for pod in all(.pod) where pod.controllerUID == set.uid && pod.labels[Names.revisionLabel] == revision {
        edit(.pod, pod.name) { $0["metadata"]?["labels"]?[Names.revisionLabel] = ours }
      }
    }
    forgetWrites()
  }
}

extension JSONValue {
  /// The part of a value that a set of fields names, as `managedFields` writes it (`FieldsV1`).
  fileprivate func picking(_ fields: JSONValue) -> JSONValue {
    let members = (fields.object ?? [:]).filter { $0.key != "." }
    guard !members.isEmpty else { return self }
    switch self {
    case .object(let object):
      return .object(
        members.reduce(into: [:]) { picked, member in
          let key = String(member.key.dropFirst(2))
          picked[key] = object[key]?.picking(member.value)
        })
    case .array(let elements):
      return .array(elements.compactMap { $0.pickingElement(members) })
    default: return self
    }
  }

  /// An element goes by some of its members, `k:{"name":"logd"}`, or by its value, `v:"a"`.
  private func pickingElement(_ members: [String: JSONValue]) -> JSONValue? {
    for (name, fields) in members {
      guard let key = try? JSONDecoder().decode(JSONValue.self, from: Data(name.dropFirst(2).utf8)) else { continue }
      if name.hasPrefix("v:"), key == self { return self }
      guard name.hasPrefix("k:"), let identifying = key.object, identifying.allSatisfy({ self[$0.key] == $0.value })
      else { continue }
      return picking(fields)
    }
    return nil
  }
}
