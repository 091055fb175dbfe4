package import Foundation
import Synchronization

/// A program that a test runs, with its output in files that can be read while it runs. Killed with the value.
package final class ChildProcess: Sendable {
  private let process: Mutex<Process>
  private let directory: TemporaryDirectory
  package let identifier: Int32

  /// - Parameters:
  ///   - executable: a path.
  ///   - environment: added to the test's own.
  package init(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:], input: Data? = nil
  ) throws {
    directory = try TemporaryDirectory()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    process.standardOutput = try Self.file(directory.file("out"), holding: nil)
    process.standardError = try Self.file(directory.file("err"), holding: nil)
    process.standardInput = try Self.file(directory.file("in"), holding: input)
    try process.run()
    identifier = process.processIdentifier
    self.process = Mutex(process)
  }

  private static func file(_ path: String, holding content: Data?) throws -> FileHandle {
    guard FileManager.default.createFile(atPath: path, contents: content),
      let handle = content == nil ? FileHandle(forUpdatingAtPath: path) : FileHandle(forReadingAtPath: path)
    else {
      throw NeverHappened(description: "cannot open \(path)")
    }
    return handle
  }

  package var output: String { read("out") }
  package var errors: String { read("err") }
  package var isRunning: Bool { process.withLock { $0.isRunning } }

  private func read(_ name: String) -> String {
    String(decoding: FileManager.default.contents(atPath: directory.file(name)) ?? Data(), as: UTF8.self)
  }

  package func send(_ signal: Int32) { kill(identifier, signal) }

  /// Waits until it has ended; its exit status, or the negative number of the signal that ended it.
  @discardableResult
  package func ended(within limit: Duration = .seconds(30)) async throws -> Int32 {
    try await eventually("process \(identifier) ends", within: limit) { isRunning ? nil : () }
    return process.withLock { $0.terminationReason == .exit ? $0.terminationStatus : -$0.terminationStatus }
  }

  deinit {
    if isRunning { kill(identifier, SIGKILL) }
  }
}

/// Runs a program to its end.
@discardableResult
package func run(
  _ executable: String, _ arguments: [String], environment: [String: String] = [:], input: Data? = nil,
  within limit: Duration = .seconds(60)
) async throws -> (status: Int32, output: String, errors: String) {
  let child = try ChildProcess(executable, arguments, environment: environment, input: input)
  let status = try await child.ended(within: limit)
  return (status, child.output, child.errors)
}

/// The programs of this package, beside the running test bundle.
package enum Products {
  package static func path(_ name: String) -> String {
    let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: bundle).deletingLastPathComponent().appending(path: name).path
  }
}
