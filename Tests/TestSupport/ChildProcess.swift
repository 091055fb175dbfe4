package import Foundation
import Synchronization

/// A program that a test runs, with its output in files that can be read while it runs. Killed with the value.
///
/// Made with posix_spawn: Foundation's `Process` keeps descriptors for every child, and a test that runs kubectl a
/// thousand times crashed in it.
package final class ChildProcess: Sendable {
  package let identifier: Int32
  private let directory: TemporaryDirectory
  /// The exit status, or the negative number of the signal that ended it; nil while it runs.
  private let ending = Mutex<Int32?>(nil)

  /// - Parameters:
  ///   - executable: a path.
  ///   - environment: added to the test's own.
  package init(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:], input: Data? = nil
  ) throws {
    directory = try TemporaryDirectory()
    try (input ?? Data()).write(to: URL(fileURLWithPath: directory.file("in")))
    identifier = try Self.spawn(
      executable, arguments, ProcessInfo.processInfo.environment.merging(environment) { _, new in new }, directory)
  }

  /// How many descriptors other tests may open while this one looks which there are.
  private static let descriptorsOpenedMeanwhile: Int32 = 64

  private static func spawn(
    _ executable: String, _ arguments: [String], _ environment: [String: String], _ directory: TemporaryDirectory
  ) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, directory.file("in"), O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, directory.file("out"), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, directory.file("err"), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    // Nothing else of ours: a child that holds a listening socket keeps its port open when we have closed it.
    let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
    for descriptor in 3...(open.max() ?? 3) + descriptorsOpenedMeanwhile {
      posix_spawn_file_actions_addclose(&actions, descriptor)
    }
    var argumentPointers = ([executable] + arguments).map { strdup($0) } + [nil]
    var environmentPointers = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
    var identifier: pid_t = 0
    let result = posix_spawn(&identifier, executable, &actions, nil, &argumentPointers, &environmentPointers)
    guard result == 0 else {
      throw NeverHappened(description: "cannot run \(executable): \(String(cString: strerror(result)))")
    }
    return identifier
  }

  package var output: String { read("out") }
  package var errors: String { read("err") }
  package var isRunning: Bool { reap() == nil }

  private func read(_ name: String) -> String {
    String(decoding: FileManager.default.contents(atPath: directory.file(name)) ?? Data(), as: UTF8.self)
  }

  private func reap() -> Int32? {
    ending.withLock { ending in
      var status: Int32 = 0
      // After the child is reaped its id may be a stranger's: ask once only.
      if ending == nil, waitpid(identifier, &status, WNOHANG) == identifier {
        let signal = status & 0x7F
        ending = signal == 0 ? (status >> 8) & 0xFF : -signal
      }
      return ending
    }
  }

  package func send(_ signal: Int32) {
    ending.withLock { ending in
      if ending == nil { kill(identifier, signal) }
    }
  }

  /// Waits until it has ended; its exit status, or the negative number of the signal that ended it.
  @discardableResult
  package func ended(within limit: Duration = .seconds(120)) async throws -> Int32 {
    try await eventually("process \(identifier) ends", within: limit) { reap() }
  }

  deinit {
    send(SIGKILL)
    ending.withLock { ending in
      var status: Int32 = 0
      if ending == nil { waitpid(identifier, &status, 0) }
    }
  }
}

/// Runs a program to its end.
@discardableResult
package func run(
  _ executable: String, _ arguments: [String], environment: [String: String] = [:], input: Data? = nil,
  within limit: Duration = .seconds(120)
) async throws -> (status: Int32, output: String, errors: String) {
  let child = try ChildProcess(executable, arguments, environment: environment, input: input)
  let status = try await child.ended(within: limit)
  return (status, child.output, child.errors)
}
