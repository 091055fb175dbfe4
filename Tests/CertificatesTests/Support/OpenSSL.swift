import Foundation
import TestSupport

/// Debian's `openssl`, which knows nothing of us.
enum OpenSSL {
  static let path = "/usr/bin/openssl"
  static let isAvailable = FileManager.default.isExecutableFile(atPath: path)
  static let requirement = "needs openssl ('make deps')"

  /// - Returns: what it printed, on both outputs.
  static func run(_ arguments: [String], input: String = "") async throws -> (status: Int32, text: String) {
    let result = try await TestSupport.run(path, arguments, input: Data(input.utf8))
    return (result.status, result.output + result.errors)
  }
}
