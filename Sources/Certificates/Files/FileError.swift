import Glibc

/// Why a file cannot be read or written.
package struct FileError: Error, Hashable {
  package let path: String
  package let problem: Problem

  package enum Problem: Hashable, Sendable {
    case system(action: String, code: Int32)
    case tooLong(limit: Int)
    case exists
  }
}

extension FileError: CustomStringConvertible {
  package var description: String { "\(path): \(problem)" }
}

extension FileError.Problem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .system(let action, let code): "cannot \(action): \(String(cString: strerror(code)).lowercased())"
    case .tooLong(let limit): "it is longer than \(limit) bytes"
    case .exists: "it exists already, and was left as it is"
    }
  }
}
