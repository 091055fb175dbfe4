import Foundation

/// A file system of a few bytes, to be filled up: a tmpfs, for which a test must be root.
package final class SmallDisk: Sendable {
  package static let isAvailable = geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/bin/mount")

  private let directory: TemporaryDirectory
  package var path: String { directory.file("disk") }

  package init(bytes: Int) async throws {
    directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.file("disk"), withIntermediateDirectories: false)
    let result = try await run(
      "/usr/bin/mount", ["-t", "tmpfs", "-o", "size=\(bytes)", "proglog-test", directory.file("disk")])
    guard result.status == 0 else { throw NeverHappened(description: "mount failed: \(result.errors)") }
  }

  private var ballast: String { "\(path)/ballast" }

  /// How often the room is looked at again when somebody else took some of it meanwhile.
  private static let maximumAttempts = 100

  /// Takes all room but so many bytes.
  package func fill(leaving bytes: Int) throws {
    let file = open(ballast, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw Self.error("open") }
    defer { close(file) }
    for _ in 0..<Self.maximumAttempts {
      var space = statvfs()
      guard statvfs(path, &space) == 0 else { throw Self.error("statvfs") }
      let free = Int(space.f_bavail) * Int(space.f_frsize) - bytes
      guard free > 0 else { return }
      let result = posix_fallocate(file, 0, off_t(free))
      if result == 0 { return }
      guard result == ENOSPC else {
        throw NeverHappened(description: "\(free) bytes of a small disk: \(String(cString: strerror(result)))")
      }
    }
    throw NeverHappened(description: "a small disk had less room than it said, \(Self.maximumAttempts) times")
  }

  /// Gives back what ``fill(leaving:)`` took.
  package func clear() throws { try FileManager.default.removeItem(atPath: ballast) }

  private static func error(_ call: String) -> NeverHappened {
    NeverHappened(description: "\(call) on a small disk: \(String(cString: strerror(errno)))")
  }

  /// Unmounts it, whoever still uses it.
  package func unmount() async throws {
    try await run("/usr/bin/umount", ["--lazy", path])
  }
}
