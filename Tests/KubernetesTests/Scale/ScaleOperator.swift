import Foundation
import TestSupport

/// The operator as a process of this machine, under the chart's service account.
final class ScaleOperator: Sendable {
  private let process: ChildProcess
  private let opsAddress: String

  /// Of `make scale`: a release build. Left out, the one beside the tests.
  private static var program: String {
    ProcessInfo.processInfo.environment["PROGLOG_OPERATOR"] ?? Products.path("proglog-operator")
  }

  init(_ plane: ScaleControlPlane, electsLeader: Bool) async throws {
    let process = try ChildProcess(
      Self.program,
      [
        "--kubeconfig", plane.operatorKubeconfig, "--ops-addr", "127.0.0.1:0", "--log-format", "json",
        "--lease-namespace", Cluster.operatorNamespace, electsLeader ? "--leader-elect" : "--no-leader-elect",
      ])
    self.process = process
    let prefix = "Server started and listening on "
    let message = try await eventually("the operator serves its metrics", within: .seconds(30)) { () -> String? in
      guard process.isRunning else { throw Cluster.Failure(description: "the operator ended: \(process.errors)") }
      return LogdProcess.logLine(prefix, in: process.errors, isPrefix: true)?["msg"]
    }
    opsAddress = String(message.dropFirst(prefix.count))
  }

  /// The samples of a metric, by their labels as they are written.
  func metric(_ name: String) async throws -> [String: Double] {
    let answer = try await run(
      "/usr/bin/env", ["curl", "-sS", "--fail", "--max-time", "30", "http://\(opsAddress)/metrics"])
    guard answer.status == 0 else { throw Cluster.Failure(description: "/metrics: \(answer.errors)\n\(lastLines)") }
    return answer.output.split(separator: "\n").reduce(into: [:]) { samples, line in
      guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else { return }
      let series = line[..<space]
      let brace = series.firstIndex(of: "{") ?? series.endIndex
      if series[..<brace] == name { samples[String(series[brace...])] = value }
    }
  }

  /// Passes that are through, whatever came of them.
  func passes() async throws -> Int {
    Int(try await metric("controller_runtime_reconcile_total").values.reduce(0, +))
  }

  /// Waits until no pass has begun for `time`.
  func comesToRest(for time: Duration = .seconds(15)) async throws {
    var last = -1
    var since = ContinuousClock.now
    try await eventually("the operator comes to rest", within: .seconds(3_600), every: .seconds(1)) { () -> Void? in
      let passes = try await passes()
      if passes != last {
        last = passes
        since = .now
      }
      return since.duration(to: .now) > time ? () : nil
    }
  }

  /// One that loses its Lease ends, and nobody starts it again here.
  func checkIsRunning() throws {
    guard process.isRunning else { throw hasEnded }
  }

  func pause() { process.send(SIGSTOP) }
  func goOn() { process.send(SIGCONT) }

  /// Ends it as Kubernetes would; its exit status.
  func stop() async throws -> Int32 {
    process.send(SIGTERM)
    return try await process.ended()
  }

  /// What it has logged that contains `text`.
  func logLines(containing text: String) -> [Substring] {
    process.errors.split(separator: "\n").filter { $0.contains(text) }
  }

  private var hasEnded: Cluster.Failure { Cluster.Failure(description: "the operator ended:\n\(lastLines)") }

  private var lastLines: String { process.errors.split(separator: "\n").suffix(20).joined(separator: "\n") }

  /// What it costs, by the kernel's word.
  struct Cost: CustomStringConvertible {
    /// In bytes: now, and at most so far.
    var memory: Int
    var memoryAtMost: Int
    /// Seconds of one processor.
    var processor: Double

    var description: String {
      "\(memory >> 20) MiB of memory (at most \(memoryAtMost >> 20)), \(processor.rounded(to: 1)) s of a processor"
    }
  }

  func cost() throws -> Cost {
    let status = Self.read("/proc/\(process.identifier)/status")
    let kibibytes = { (field: String) -> Int in
      let line = status.split(separator: "\n").first { $0.hasPrefix("\(field):") } ?? ""
      return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap { Int($0) }.first ?? 0
    }
    // After the name in parentheses: state is the first field, user and system time are the 12th and 13th.
    let fields = Self.read("/proc/\(process.identifier)/stat").split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { throw hasEnded }
    return Cost(
      memory: kibibytes("VmRSS") << 10, memoryAtMost: kibibytes("VmHWM") << 10,
      processor: (user + system) / Double(sysconf(Int32(_SC_CLK_TCK))))
  }

  private static func read(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}

extension Double {
  func rounded(to digits: Int) -> String { String(format: "%.\(digits)f", self) }
}

extension Duration {
  var seconds: Double { self / .seconds(1) }
}
