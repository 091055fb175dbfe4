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

  /// Unmounts it, whoever still uses it.
  package func unmount() async throws {
    try await run("/usr/bin/umount", ["--lazy", path])
  }
}
