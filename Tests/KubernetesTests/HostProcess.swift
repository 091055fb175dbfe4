import Foundation
import TestSupport

/// A container's process, on a node that is this machine.
enum HostProcess {
  /// Nil when the container runs on another machine.
  static func identifier(pod: String, in namespace: String, program: String) async throws -> Int32? {
    let container = try await Cluster.kubectl(
      "get", "pod", pod, "-n", namespace, "-o", "jsonpath={.status.containerStatuses[0].containerID}")
    guard let id = container.split(separator: "/").last.map(String.init) else { return nil }
    let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }
    return processes.first { read($0, "cgroup").contains(id) && read($0, "comm") == "\(program)\n" }
  }

  private static func read(_ process: Int32, _ file: String) -> String {
    String(decoding: FileManager.default.contents(atPath: "/proc/\(process)/\(file)") ?? Data(), as: UTF8.self)
  }
}
