import Authorization
import Foundation
import Testing

@Suite("Authorization: what methods need")
struct MethodPermissionsTests {
  private let policy: AccessPolicy

  init() throws {
    policy = try AccessPolicy(
      model: Models.basic, policy: "p, writer, *, produce\np, reader, *, consume\np, root, *, admin\n")
  }

  private func verdict(
    _ path: String, _ name: String?, _ profile: Identity.Profile = .client
  )
    -> MethodPermissions.Verdict
  {
    let identity = name.flatMap { Identity(subject: Subject($0), profile: profile) }
    return MethodPermissions.all.verdict(on: path, of: identity, by: policy)
  }

  /// The paths of all methods in the files of `Proto/`.
  private static func methods() throws -> Set<String> {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Proto")
    let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    var methods: Set<String> = []
    for case let file as URL in try #require(files) where file.pathExtension == "proto" {
      var package = ""
      var service = ""
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
        let words = line.split { " \t;({".contains($0) }.map(String.init)
        switch words.first {
        case "package": package = words[1]
        case "service": service = words[1]
        case "rpc": methods.insert("/\(package).\(service)/\(words[1])")
        default: break
        }
      }
    }
    return methods
  }

  @Test("every method of the protos has an entry, and no entry is of a method that is not there")
  func complete() throws {
    let methods = try Self.methods()
    #expect(methods.count > 15)
    #expect(Set(MethodPermissions.all.paths) == methods)
  }

  @Test("a method that is not listed is denied to everybody")
  func unknown() {
    for path in ["/log.v1.Log/Truncate", "/log.v1.Log/produce", "log.v1.Log/Produce", "/log.v1.Log/Produce/", ""] {
      #expect(verdict(path, "root") == .unknownMethod)
      #expect(verdict(path, "root", .node) == .unknownMethod)
    }
  }

  @Test(
    "actions by method",
    arguments: [
      ("/log.v1.Log/Produce", "writer"), ("/log.v1.Log/ProduceStream", "writer"), ("/log.v1.Log/Consume", "reader"),
      ("/log.v1.Log/ConsumeStream", "reader"), ("/log.v1.Log/FindOffset", "reader"),
      ("/proglog.admin.v1.Admin/RemoveMember", "root"), ("/proglog.admin.v1.Admin/GetStatus", "root"),
    ])
  func actions(path: String, permitted: String) {
    for name in ["writer", "reader", "root", "nobody"] {
      let verdict = verdict(path, name)
      if name == permitted {
        guard case .permitted(.some) = verdict else {
          Issue.record("\(name) on \(path): \(verdict)")
          continue
        }
      } else {
        guard case .denied = verdict else {
          Issue.record("\(name) on \(path): \(verdict)")
          continue
        }
      }
      // Being a node is no permission to the records.
      if case .permitted = self.verdict(path, "nobody", .node) { Issue.record("a node on \(path)") }
    }
  }

  @Test("servers, health and reflection are for whoever has shown a certificate")
  func authenticated() {
    for path in [
      "/log.v1.Log/GetServers", "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch",
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ] {
      #expect(verdict(path, "nobody") == .permitted(nil))
    }
    for path in MethodPermissions.all.paths { #expect(verdict(path, nil) == .unauthenticated) }
  }

  @Test("an administrator may do everything, also without rules; nobody else may do anything then")
  func withoutRules() {
    for (path, kind) in MethodPermissions.all.paths.compactMap({ path in
      MethodPermissions.all.kind(of: path).map { (path, $0) }
    }) {
      let admin = Identity(subject: Subject("alice"), profile: .admin)
      #expect(MethodPermissions.all.verdict(on: path, of: admin, by: nil) == .permitted(nil))
      let client = MethodPermissions.all.verdict(
        on: path, of: Identity(subject: Subject("root"), profile: .client), by: nil)
      if case .authenticated = kind.requirement {
        #expect(client == .permitted(nil))
      } else {
        guard case .denied(_, nil) = client else {
          Issue.record("\(path): \(client)")
          continue
        }
      }
    }
  }

  @Test("nodes join by their certificate, others by permission")
  func join() throws {
    let path = "/proglog.admin.v1.Admin/Join"
    #expect(verdict(path, "node-1", .node) == .permitted(nil))
    #expect(verdict(path, "root") == .permitted(Decision(isAllowed: true, reason: .line(3))))
    guard case .denied = verdict(path, "node-1") else { throw Unexpected("a client joined") }
  }

  @Test("a name that no line can hold is none")
  func names() {
    for name in ["", String(repeating: "a", count: 513), "root\nallowed: true", "\u{7F}", "a\u{0}b"] {
      #expect(Identity(subject: Subject(name), profile: .client) == nil)
    }
    for name in ["root", String(repeating: "a", count: 512), "spiffe://example.com/a b", "é"] {
      #expect(Identity(subject: Subject(name), profile: .client)?.subject == Subject(name))
    }
  }

  @Test("a denial reads as proglog's does")
  func message() throws {
    guard case .denied(let denied, let decision) = verdict("/log.v1.Log/Produce", "nobody") else {
      throw Unexpected("nobody may produce")
    }
    #expect(denied.description == "nobody not permitted to produce to *")
    #expect(decision?.description == "denied, for no line allows it")
  }
}
