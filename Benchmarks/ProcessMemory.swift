import Foundation
import TestSupport

/// The resident memory of a process, in MiB, as the kernel tells it.
struct ProcessMemory {
  let process: ChildProcess

  func resident() throws -> Double { try value("VmRSS") }

  /// The most there was since the beginning, or since `forgetPeak`.
  func peak() throws -> Double { try value("VmHWM") }

  func forgetPeak() throws {
    // proc(5): 5 resets the peak to what is resident now.
    try "5".write(toFile: "/proc/\(process.identifier)/clear_refs", atomically: false, encoding: .utf8)
  }

  private func value(_ name: String) throws -> Double {
    let status = try String(contentsOfFile: "/proc/\(process.identifier)/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") }
    guard let fields = line?.split(whereSeparator: { " \t".contains($0) }), fields.count > 1,
      let kibibytes = Double(fields[1])
    else { throw NeverHappened(description: "/proc tells no \(name) of process \(process.identifier)") }
    return kibibytes / 1024
  }
}
