import Foundation

/// The programs of this package, beside the running test bundle.
package enum Products {
  package static func path(_ name: String) -> String {
    let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: bundle).deletingLastPathComponent().appending(path: name).path
  }
}
