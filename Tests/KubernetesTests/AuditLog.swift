import Foundation
import TestSupport

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

    var auditID: String?
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
    guard let data = FileManager.default.contents(atPath: try Self.path()) else {
      throw Cluster.Failure(description: "there is no audit log at \(try Self.path())")
    }
    let user = Data(Cluster.operatorUser.utf8)
    let start = Self.text(time)
    self.init(data.split(separator: UInt8(ascii: "\n")).filter { $0.firstRange(of: user) != nil }) {
      $0.requestReceivedTimestamp >= start
    }
  }

  private init(_ lines: [Data], where isWanted: (Request) -> Bool = { _ in true }) {
    let decoder = JSONDecoder()
    // A watch is logged when it begins too. The last line may be half written.
    requests = lines.compactMap { try? decoder.decode(Request.self, from: $0) }
      .filter { $0.user.username == Cluster.operatorUser && isWanted($0) }
      .sorted { $0.requestReceivedTimestamp < $1.requestReceivedTimestamp }
  }

  private static func path() throws -> String {
    guard let path = Cluster.auditLog else { throw Cluster.Failure(description: "PROGLOG_AUDIT_LOG is not set") }
    return path
  }

  /// A moment, and where the log ends at it.
  struct Mark {
    var bytes = 0
    var time = ""

    /// Now.
    static func now() throws -> Mark {
      let size = try FileManager.default.attributesOfItem(atPath: AuditLog.path())[.size] as? Int ?? 0
      return Mark(bytes: size, time: AuditLog.text(.now))
    }
  }

  /// What was asked since `mark`, each request once. By the system's tools, for the log of a thousand resources is large.
  init(since mark: Mark) async throws {
    let result = try await run(
      "/bin/sh",
      [
        "-c", #"tail -c "+$1" "$2" | grep -F "$3" || true"#, "sh", "\(mark.bytes + 1)", Self.path(),
        Cluster.operatorUser,
      ])
    guard result.status == 0 else { throw Cluster.Failure(description: "the audit log: \(result.errors)") }
    let log = AuditLog(result.output.split(separator: "\n").map { Data($0.utf8) }) {
      $0.requestReceivedTimestamp >= mark.time
    }
    // The beginning of a watch and its end are two lines.
    var seen: Set<String> = []
    requests = log.requests.filter { $0.auditID.map { seen.insert($0).inserted } ?? true }
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
