import Foundation
import Synchronization
import TestSupport

/// A node of a cluster of real processes. Name, addresses and data directory stay the same over its lives.
final class ClusterNode: Sendable {
  /// Where its process runs.
  enum Place: Sendable {
    /// At a loopback address of its own, so that nothing takes its ports while it is down.
    case loopback
    case network(NetworkNamespaces, host: Int)
  }

  struct Role: Equatable {
    var name: String
    var term: Int
  }

  /// What a life has left.
  private struct Life {
    var child: ChildProcess?
    /// The ends of the logs of the lives before.
    var former = ""
  }

  let name: String
  let host: String
  let dataDirectory: String
  let place: Place
  private let arguments: [String]
  private let environment: [String: String]
  private let security: ClusterSecurity?
  private let life = Mutex(Life())

  var rpcAddress: String { "\(host):8400" }
  var httpAddress: String { "\(host):8080" }
  var opsAddress: String { "\(host):8402" }
  var gossipAddress: String { "\(host):8401" }

  /// - Parameter arguments: of each of its lives, as the environment.
  init(
    name: String, place: Place, dataDirectory: String, arguments: [String], environment: [String: String] = [:],
    security: ClusterSecurity? = nil
  ) {
    self.security = security
    self.name = name
    self.place = place
    self.dataDirectory = dataDirectory
    self.arguments = arguments
    self.environment = environment
    host =
      switch place {
      case .loopback: Self.loopbackAddress()
      case .network(let network, let host): network.address(host)
      }
  }

  private static let addresses = Atomic<Int>(0)

  /// Of 127.64.0.0/10; the id of this process is in it, for other tests run at the same time.
  private static func loopbackAddress() -> String {
    let number = addresses.add(1, ordering: .relaxed).newValue
    let process = Int(getpid())
    return "127.\(64 + process / 256 % 64).\(process % 256).\(1 + number % 254)"
  }

  // MARK: Its life

  /// Starts it; ``awaitServing()`` waits until it serves.
  func start(_ more: [String]) async throws {
    var flags = [
      "--data-dir", dataDirectory, "--node-name", name, "--bind-addr", "\(host):8401", "--rpc-port", "8400",
      "--http-port", "8080", "--ops-port", "8402", "--log-format", "json",
    ]
    if let security {
      flags += try await security.arguments(of: name, host: host)
    } else if case .network = place {
      flags.append("--allow-plaintext-on-network")
    }
    let child = try launch(
      environment.isEmpty ? Self.program : Products.path("logd"), flags + arguments + more, environment: environment)
    life.withLock {
      if let last = $0.child { $0.former = String(($0.former + last.errors).suffix(Self.keptLogBytes)) }
      $0.child = child
    }
  }

  /// `make cluster-faults` names a release build; what an environment plants is in debug builds alone.
  private static let program = ProcessInfo.processInfo.environment["PROGLOG_LOGD"] ?? Products.path("logd")
  private static let keptLogBytes = 16 << 10

  /// Starts a program where the node is.
  func launch(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> ChildProcess {
    switch place {
    case .loopback: try ChildProcess(executable, arguments, environment: environment)
    case .network(let network, let host):
      try network.start(on: host, executable, arguments, environment: environment)
    }
  }

  func awaitServing() async throws {
    try await eventually("\(name) serves") { () -> Void? in
      if LogdProcess.logLine("serving", in: log) != nil { return () }
      guard isRunning else { throw NeverHappened(description: "\(name) ended at its start:\n\(log)") }
      return nil
    }
  }

  private var child: ChildProcess? { life.withLock { $0.child } }

  var isRunning: Bool { child?.isRunning ?? false }

  func send(_ signal: Int32) { child?.send(signal) }

  /// Ends it as a crash would.
  func crash() async throws {
    send(SIGKILL)
    try await child?.ended()
  }

  /// Ends it as Kubernetes would.
  func stop() async throws -> Int32? {
    send(SIGTERM)
    return try await child?.ended()
  }

  // MARK: What it says

  /// Of this life.
  var log: String { child?.errors ?? "" }

  /// The end of what it has said in all lives, for a failed test.
  var story: String {
    let former = life.withLock { $0.former }
    return "--- \(name) (\(isRunning ? "running" : "ended"))\n\((former + log).suffix(Self.keptLogBytes))"
  }

  /// What it says it is; of a node that was stopped or cut off, others may know better.
  var role: Role? {
    lastLine("the node's role changed").flatMap { line in
      line["role"].flatMap { role in line["term"].flatMap(Int.init).map { Role(name: role, term: $0) } }
    }
  }

  /// The names of the members it knows of, and whether all of them vote.
  var members: (names: Set<String>, allVote: Bool) {
    let members = (lastLine("the members of the cluster")?["members"] ?? "").split(separator: ", ")
    return (
      Set(members.map { String($0.prefix { $0 != "=" }) }), members.allSatisfy { !$0.hasSuffix("(learner)") }
    )
  }

  /// How often it has said something in this life.
  func count(_ message: String) -> Int { log.split(separator: "\n").count { $0.contains("\"msg\":\"\(message)\"") } }

  private func lastLine(_ message: String) -> [String: String]? {
    let lines = log.split(separator: "\n").filter { $0.contains(message) }
    return lines.last.flatMap { LogdProcess.logLine(message, in: String($0)) }
  }

  /// Asks one of its HTTP ports: what it answers, with the status in the last line.
  func get(_ url: String) async throws -> String {
    let child = try launch("/usr/bin/curl", ["-sS", "--max-time", "10", "-w", "\n%{http_code}", "http://\(url)"])
    try await child.ended()
    return child.output
  }

  /// A number among its metrics.
  ///
  /// - Parameter name: with its labels.
  func metric(_ name: String) async throws -> Int {
    let metrics = try await get("\(opsAddress)/metrics")
    let line = metrics.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
    guard let value = line.flatMap({ Double($0.dropFirst(name.count + 1)) }) else {
      throw NeverHappened(description: "\(self.name) has no \(name): \(metrics)")
    }
    return Int(value)
  }
}
