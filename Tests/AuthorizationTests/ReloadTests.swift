import Authorization
import Foundation
import TestSupport
import Testing

@Suite("Authorization: reload")
struct ReloadTests {
  private let directory: TemporaryDirectory
  private let files: PolicyFiles

  init() throws {
    directory = try TemporaryDirectory()
    files = PolicyFiles(modelPath: directory.file("model.conf"), policyPath: directory.file("policy.csv"))
    try write(Models.basic, files.modelPath)
    try write("p, root, *, produce\n", files.policyPath)
  }

  /// Replaces the file, as people should.
  private func write(_ text: String, _ path: String) throws {
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }

  private func isAllowed(_ policy: ReloadablePolicy) -> Bool { policy.current.decide("root", "*", "produce").isAllowed }

  @Test("a line that is removed counts from the reload on; the same content again is none")
  func change() throws {
    let policy = try ReloadablePolicy(files)
    #expect(isAllowed(policy))
    guard case .unchanged = policy.reload() else { throw Unexpected("unchanged files were loaded") }
    try write("p, other, *, produce\n", files.policyPath)
    guard case .loaded(_, let first) = policy.reload() else { throw Unexpected("the change was not seen") }
    #expect(!isAllowed(policy) && policy.rejection == nil)
    try write("p, other, *, produce\n", files.policyPath)
    guard case .unchanged = policy.reload() else { throw Unexpected("the same content was loaded") }
    try write(Models.rbac, files.modelPath)
    guard case .loaded(let rbac, let second) = policy.reload() else { throw Unexpected("the model was not seen") }
    #expect(first != second && first.description.count == 16 && rbac.ruleCount == 1)
  }

  @Test("a policy that is wrong changes nothing, is told once, and is kept as the reason")
  func wrong() throws {
    let policy = try ReloadablePolicy(files)
    try write("p, root, *\n", files.policyPath)
    let message =
      "\(files.policyPath):1:1: the line has 2 fields after p, and the model defines 3; write p, sub, obj, act"
    guard case .rejected(let error) = policy.reload() else { throw Unexpected("it was not rejected") }
    #expect(error.description == message && isAllowed(policy))
    guard case .unchanged = policy.reload() else { throw Unexpected("it was told twice") }
    #expect(policy.rejection == error && isAllowed(policy))
    try write("p, root, *, consume\n", files.policyPath)
    guard case .loaded = policy.reload() else { throw Unexpected("the repaired file was not loaded") }
    #expect(!isAllowed(policy) && policy.rejection == nil)
  }

  @Test("a file that is gone changes nothing, and is the same when it is back")
  func gone() throws {
    let policy = try ReloadablePolicy(files)
    try FileManager.default.removeItem(atPath: files.policyPath)
    guard case .rejected(let error) = policy.reload() else { throw Unexpected("it was not rejected") }
    #expect(
      error.description
        == "\(files.policyPath): the file cannot be opened: no such file or directory; "
        + "check the path and its permissions"
    )
    guard case .unchanged = policy.reload() else { throw Unexpected("it was told twice") }
    #expect(policy.rejection == error && isAllowed(policy))
    try write("p, root, *, produce\n", files.policyPath)
    guard case .unchanged = policy.reload() else { throw Unexpected("the same content was loaded") }
    #expect(policy.rejection == nil)
  }

  @Test("what is no file, or too large, is an error at the start")
  func unreadable() throws {
    func error(_ path: String) -> String? {
      do throws(PolicyError) {
        _ = try ReloadablePolicy(PolicyFiles(modelPath: files.modelPath, policyPath: path))
        return nil
      } catch {
        return error.description
      }
    }
    #expect(error(directory.path) == "\(directory.path): it is not a file; name a file")
    let large = directory.file("large.csv")
    try write(String(repeating: "#\n", count: 600_000), large)
    #expect(error(large) == "\(large): the file has 1048577 bytes, more than 1048576; make it smaller")
    #expect(try files.load().ruleCount == 1)
  }

  @Test("decisions go on while policies are exchanged", .timeLimit(.minutes(1)))
  func concurrent() async throws {
    let policy = try ReloadablePolicy(files)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<2000 {
            // Either text, and never a mixture: one of the two is always allowed.
            let current = policy.current
            #expect(
              current.decide("root", "*", "produce").isAllowed != current.decide("root", "*", "consume").isAllowed)
          }
        }
      }
      group.addTask {
        for round in 0..<50 {
          try? write("p, root, *, \(round % 2 == 0 ? "consume" : "produce")\n", files.policyPath)
          _ = policy.reload()
        }
      }
    }
    #expect(isAllowed(policy))
  }
}
