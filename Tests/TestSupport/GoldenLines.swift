import Foundation

/// Bytes that an earlier version wrote, a line of hexadecimal digits each: what is written today must be the same.
package struct GoldenLines {
  private let path: String
  private let lines: [String]

  /// - Parameters:
  ///   - name: of a file in the folder `Golden` beside the test.
  ///   - file: the test's.
  package init(_ name: String, file: String = #filePath) throws {
    path = URL(filePath: file).deletingLastPathComponent().appending(path: "Golden/\(name)").path
    lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
  }

  /// Throws when `current` is not what the file has. A new format needs a new version, and a file beside this one.
  package func check(_ current: [[UInt8]]) throws {
    let found = current.map { $0.map { String(format: "%02x", $0) }.joined() }
    guard found != lines else { return }
    let places = found.indices.filter { $0 >= lines.count || found[$0] != lines[$0] }.map { $0 + 1 }
    throw NeverHappened(
      description: "\(path) differs in lines \(places); it would now be\n\(found.joined(separator: "\n"))")
  }
}
