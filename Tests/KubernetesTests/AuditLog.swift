import Foundation

/// What the operator asked of the API server, by the API server's own word.
struct AuditLog {
  /// One request that was answered.
  struct Request: Decodable {
    struct Object: Decodable {
      var apiGroup: String?
      var resource: String?
      var subresource: String?
      var namespace: String?
      var name: String?
    }

    struct User: Decodable {
      var username: String
    }

    struct Status: Decodable {
      var code: Int
    }

    var verb: String
    var user: User
    var sourceIPs: [String]?
    var objectRef: Object?
    var responseStatus: Status?
    /// RFC 3339 with microseconds: they sort as text.
    var requestReceivedTimestamp: String
    var annotations: [String: String]?

    /// Not every 403 is about rights: what is written to a namespace that is going is answered so too.
    var lacksRight: Bool { annotations?["authorization.k8s.io/decision"] == "forbid" }
    var resource: String { [objectRef?.resource, objectRef?.subresource].compactMap(\.self).joined(separator: "/") }
    var isWrite: Bool { AuditLog.writes.contains(verb) }
    var isOfLease: Bool { objectRef?.resource == "leases" }
    /// The address of the pod that asked.
    var source: String { sourceIPs?.first ?? "" }
  }

  /// A right: to do something to the objects of a resource.
  struct Permission: Hashable, Comparable, CustomStringConvertible {
    var group: String
    var resource: String
    var verb: String

    var description: String { "\(verb) \(resource)\(group.isEmpty ? "" : ".\(group)")" }

    static func < (one: Permission, other: Permission) -> Bool { one.description < other.description }
  }

  private static let writes: Set<String> = ["create", "update", "patch", "delete", "deletecollection"]

  /// The operator's requests in the order of their arrival.
  let requests: [Request]

  /// Reads the log as it is now.
  /// - Parameter time: what came before is left out.
  init(since time: Date) throws {
    guard let path = Cluster.auditLog, let data = FileManager.default.contents(atPath: path) else {
      throw Cluster.Failure(description: "there is no audit log at \(Cluster.auditLog ?? "PROGLOG_AUDIT_LOG")")
    }
    let user = Data(Cluster.operatorUser.utf8)
    let decoder = JSONDecoder()
    // A watch is logged when it begins too. The last line may be half written.
    let all = data.split(separator: UInt8(ascii: "\n")).filter { $0.firstRange(of: user) != nil }
      .compactMap { try? decoder.decode(Request.self, from: $0) }
    let start = Self.text(time)
    requests = all.filter { $0.user.username == Cluster.operatorUser && $0.requestReceivedTimestamp >= start }
      .sorted { $0.requestReceivedTimestamp < $1.requestReceivedTimestamp }
  }

  /// A moment as the log writes it, without a fraction.
  static func text(_ time: Date) -> String { time.formatted(.iso8601).replacing("Z", with: "") }

  /// Writes to a namespace.
  func writes(to namespace: String) -> [Request] {
    requests.filter { $0.isWrite && $0.objectRef?.namespace == namespace }
  }

  /// The rights that were made use of.
  var permissionsUsed: Set<Permission> {
    requests.reduce(into: []) { used, request in
      guard let object = request.objectRef else { return }
      let permission = Permission(group: object.apiGroup ?? "", resource: request.resource, verb: request.verb)
      used.insert(permission)
      // A server-side apply of what is not there needs the right to create it as well.
      if request.verb == "patch", request.responseStatus?.code == 201 {
        used.insert(Permission(group: permission.group, resource: permission.resource, verb: "create"))
      }
    }
  }
}
