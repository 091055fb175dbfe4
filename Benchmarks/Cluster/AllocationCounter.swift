import Foundation
import TestSupport

/// Counts the allocations of another process: CAllocationCounter as a library that is loaded before the program, with
/// its count in a file that both processes see.
struct AllocationCounter {
  private let library: String
  private let file: String

  init(library: String, file: String) throws {
    self.library = library
    // Absolute, for the process may work elsewhere.
    self.file = URL(fileURLWithPath: file).path
    try Data(count: MemoryLayout<UInt64>.size).write(to: URL(fileURLWithPath: self.file))
  }

  /// Builds the library, with the compiler that comes with Swift.
  static func build() async throws -> String {
    let path = Products.path("liballocationcounter.so")
    let result = try await run(
      "/usr/bin/env",
      [
        "clang", "-shared", "-fPIC", "-O2", "-I", "Benchmarks/CAllocationCounter/include", "-o", path,
        "Benchmarks/CAllocationCounter/counter.c",
      ])
    guard result.status == 0 else {
      throw NeverHappened(description: "Benchmarks/CAllocationCounter does not build: \(result.errors)")
    }
    return path
  }

  /// The environment of the process.
  var variables: [String: String] { ["LD_PRELOAD": library, "ALLOCATION_COUNT_FILE": file] }

  /// Since the process began.
  func count() throws -> Double {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    return Double(bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
  }
}
