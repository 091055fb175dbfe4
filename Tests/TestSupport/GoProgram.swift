import Foundation

/// A program in Go that tests run, built with Debian's grpc-go, which lies under GOPATH: no module is downloaded.
package actor GoProgram {
  package static let isBuildable =
    FileManager.default.isExecutableFile(atPath: "/usr/bin/go")
    && FileManager.default.fileExists(atPath: "\(libraries)/src/google.golang.org/grpc")
  package static let requirement = "needs Go with grpc-go: run 'make deps'"

  /// Where Debian keeps Go's libraries.
  private static let libraries = "/usr/share/gocode"
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private let sources: String
  private let name: String
  private var building: Task<String, any Error>?

  /// - Parameters:
  ///   - sources: its folder, seen from the root of the package.
  ///   - name: of the program, beside those of this package.
  package init(sources: String, name: String) {
    self.sources = Self.root.appending(path: sources).path
    self.name = name
  }

  /// Where the program is; it is built by the first who asks.
  package func path() async throws -> String {
    if let building { return try await building.value }
    // Unstructured, because every test of this process waits for the same build.
    let task = Task { try await build() }
    building = task
    return try await task.value
  }

  /// Runs the program's own tests.
  package nonisolated func test() async throws -> (status: Int32, output: String, errors: String) {
    // -count=1: a test that passed before would be skipped.
    try await go(["test", "-count=1", "."])
  }

  private func build() async throws -> String {
    let path = Products.path(name)
    // Under a name of its own first: another test process may be running the old one.
    let fresh = "\(path)-\(getpid())"
    let result = try await go(["build", "-o", fresh, "."])
    guard result.status == 0 else {
      throw NeverHappened(description: "\(sources) does not build: \(result.output)\(result.errors)")
    }
    guard rename(fresh, path) == 0 else {
      throw NeverHappened(description: "\(fresh) cannot be renamed to \(path): \(String(cString: strerror(errno)))")
    }
    return path
  }

  private nonisolated func go(_ arguments: [String]) async throws -> (status: Int32, output: String, errors: String) {
    // Without modules Go takes a package by a relative path only.
    try await run(
      "/usr/bin/env", ["--chdir=\(sources)", "go"] + arguments,
      environment: ["GO111MODULE": "off", "GOPATH": Self.libraries, "GOFLAGS": ""], within: .seconds(300))
  }
}
